/** For `tsc` alone, and not served. */
import type { VNode } from "./preact";

type Tag<T> = (text: TemplateStringsArray, ...values: any[]) => T;
declare const htm: { bind<T>(make: (...given: any[]) => T): Tag<T> };
export default htm;
