/** A text as a QR code, by ISO/IEC 18004: of bytes, with error correction L and mask 0. */
import { html } from "../html.js";
import { t } from "../text/index.js";

// Of each version: bytes of error correction in a block, and how many blocks there are.
const CHECKS = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8];
const FORMAT = 0b111011111000100;

const bit = (number, at) => (number >> at) & 1;
const binary = (number, length) => number.toString(2).padStart(length, "0");
const centres = (version) => (version > 1 ? ((version / 7) | 0) + 2 : 0);

function bytesIn(version) {
  const n = centres(version);
  const patterns = n && (25 * n - 10) * n - 55 + (version > 6 ? 36 : 0);
  return ((16 * version + 128) * version + 64 - patterns) >> 3;
}

/** In the field of 256 elements. */
function times(a, b) {
  let all = 0;
  for (let at = 7; at >= 0; at--) all = (all << 1) ^ ((all >> 7) * 0x11d) ^ (bit(b, at) * a);
  return all;
}

/** Reed and Solomon's code of some bytes. */
function checks(bytes, count) {
  const divisor = Array(count).fill(0);
  divisor[count - 1] = 1;
  for (let n = 0, root = 1; n < count; n++, root = times(root, 2)) {
    divisor.forEach((one, at) => (divisor[at] = times(one, root) ^ (divisor[at + 1] ?? 0)));
  }
  const rest = Array(count).fill(0);
  for (const byte of bytes) {
    const factor = byte ^ rest.shift();
    rest.push(0);
    divisor.forEach((one, at) => (rest[at] ^= times(one, factor)));
  }
  return rest;
}

/** All bits of the code, and its version; null for a text that is too long. */
export function encode(text) {
  const bytes = [...new TextEncoder().encode(text)];
  const room = (version) => bytesIn(version) - CHECKS[version - 1] * BLOCKS[version - 1];
  const size = (version) => (version < 10 ? 8 : 16);
  let version = 1;
  while (bytes.length * 8 + 4 + size(version) > room(version) * 8) if (++version > 20) return null;
  let bits = "0100" + binary(bytes.length, size(version)) + bytes.map((one) => binary(one, 8)).join("");
  bits = (bits + "0000").slice(0, room(version) * 8);
  const data = (bits.match(/.{1,8}/g) ?? []).map((one) => parseInt(one.padEnd(8, "0"), 2));
  for (let pad = 0xec; data.length < room(version); pad ^= 0xec ^ 0x11) data.push(pad);
  const count = BLOCKS[version - 1];
  const short = count - (bytesIn(version) % count);
  const blocks = Array.from(Array(count), (_, at) => data.splice(0, ((room(version) / count) | 0) + +(at >= short)));
  const across = (rows) => rows.at(-1).flatMap((_, at) => rows.flatMap((row) => row[at] ?? []));
  const whole = [...across(blocks), ...across(blocks.map((block) => checks(block, CHECKS[version - 1])))];
  return { version, bits: whole.map((one) => binary(one, 8)).join("") };
}

/** Rows of 0 and 1 for what is dark; null for a text that is too long. */
export function modules(text) {
  const code = encode(text);
  if (!code) return null;
  const { version, bits } = code;
  const size = 17 + 4 * version;
  const grid = Array.from(Array(size), () => Array(size));
  const put = (x, y, dark) => x in grid && y in grid && (grid[y][x] = +dark);
  /** Rings around a centre: those that aren't light. */
  const rings = (x, y, reach, light) => {
    for (let b = -reach; b <= reach; b++)
      for (let a = -reach; a <= reach; a++) put(x + a, y + b, !light.includes(Math.max(Math.abs(a), Math.abs(b))));
  };
  for (let at = 0; at < size; at++) put(6, at, at % 2 === 0), put(at, 6, at % 2 === 0);
  const last = size - 7;
  const n = centres(version);
  const places = Array.from(Array(n), (_, at) =>
    at === n - 1 ? 6 : last - at * Math.ceil((version * 4 + 4) / (n * 2 - 2)) * 2);
  for (const x of places)
    for (const y of places) if ((x > 6 && y > 6) || (x !== y && x < last && y < last)) rings(x, y, 2, [1]);
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) rings(x, y, 4, [2, 4]);
  for (let at = 0; at < 15; at++) {
    put(8, at < 6 ? at : at < 8 ? at + 1 : size - 15 + at, bit(FORMAT, at));
    put(at < 8 ? size - 1 - at : at < 9 ? 7 : 14 - at, 8, bit(FORMAT, at));
  }
  put(8, size - 8, true);
  let rest = version;
  for (let at = 0; at < 12; at++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
  for (let at = 0; at < 18 && version > 6; at++) {
    const [a, b] = [size - 11 + (at % 3), (at / 3) | 0];
    put(a, b, bit((version << 12) | rest, at)), put(b, a, bit((version << 12) | rest, at));
  }
  let next = 0;
  for (let right = size - 1; right > 0; right -= right === 8 ? 3 : 2) {
    for (let step = 0; step < 2 * size; step++) {
      const x = right - (step % 2);
      const y = (right + +(right < 6)) & 2 ? step >> 1 : size - 1 - (step >> 1);
      grid[y][x] ??= +(bits[next++] ?? 0) ^ +((x + y) % 2 === 0);
    }
  }
  return grid;
}

const comeIntoView = (svg) => svg?.scrollIntoView({ block: "nearest" });

/** With the margin that cameras want. */
export function Qr({ text }) {
  const rows = modules(text);
  if (!rows) return null;
  const dark = rows.flatMap((row, y) => row.map((one, x) => (one ? `M${x + 4} ${y + 4}h1v1h-1z` : "")));
  const box = `0 0 ${rows.length + 8} ${rows.length + 8}`;
  return html`<svg class="qr" ref=${comeIntoView} viewBox=${box} role="img" aria-label=${t("qr")}><path d=${dark.join("")} /></svg>`;
}
