/** Whether what came is what was stored: the checksum of the whole, from those of ranges that came in any order. */
import { ChecksumMismatchError } from "../../errors/base.js";
import {
  type Checksum,
  createChecksum,
  fullObjectChecksum,
  type GivenChecksum,
  isCrc,
} from "../../transport/checksum/index.js";

export class WholeCheck {
  readonly #expected: GivenChecksum;
  readonly #parts: { checksum: string; length: number }[] = [];

  constructor(expected: GivenChecksum) {
    this.#expected = expected;
  }

  /** A check that ranges can be put together for; undefined where only one reading of the whole would do. */
  static for(expected: GivenChecksum | undefined, ranges: number): WholeCheck | undefined {
    return expected && (ranges <= 1 || isCrc(expected.algorithm)) ? new WholeCheck(expected) : undefined;
  }

  begin(): Checksum {
    return createChecksum(this.#expected.algorithm);
  }

  /** A range's, by its number from 0. */
  add(range: number, checksum: Checksum, length: number): void {
    this.#parts[range] = { checksum: checksum.base64(), length };
  }

  /** @throws ChecksumMismatchError */
  verify(): void {
    const { algorithm, value } = this.#expected;
    const [only] = this.#parts;
    const actual =
      this.#parts.length <= 1
        ? (only?.checksum ?? this.begin().base64())
        : isCrc(algorithm)
          ? fullObjectChecksum(algorithm, this.#parts)
          : value;
    if (actual === value) return;
    throw new ChecksumMismatchError(algorithm, value, actual, {
      hint: "The bytes were damaged on their way, or stored under a wrong checksum: download the object again.",
    });
  }
}
