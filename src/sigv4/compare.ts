import { timingSafeEqual } from "node:crypto";

/** Whether two texts are equal, in a time that does not tell how far they are. Their lengths are no secret. */
export function equalTexts(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
