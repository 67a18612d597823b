/** As much of Preact as the page uses; for `tsc` alone, and not served. */

export interface VNode { type: unknown; props: Record<string, any>; key: unknown }
export function h(type: any, props: any, ...children: any[]): VNode;
export function render(what: unknown, into: Element): void;
export function createPortal(what: unknown, into: Element): VNode;
export const Fragment: (props: any) => VNode;
