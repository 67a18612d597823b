/** As much of Preact's hooks as the page uses; for `tsc` alone, and not served. */

type Undo = void | (() => void);
type Set<T> = (next: T | ((before: T) => T)) => void;

export function useState(first: null): [any, Set<any>];
export function useState<T>(first: T | (() => T)): [T, Set<T>];
export function useRef(first: null): { current: any };
export function useRef<T>(first: T): { current: T };
export function useEffect(act: () => Undo, when?: unknown[]): void;
export function useLayoutEffect(act: () => Undo, when?: unknown[]): void;
export function useMemo<T>(make: () => T, when?: unknown[]): T;
export function useErrorBoundary(told?: (error: any) => void): [any, () => void];
export function useId(): string;
