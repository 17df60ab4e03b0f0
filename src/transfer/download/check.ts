/** Whether what came is what was stored: the checksum of the whole, from those of ranges that came in any order. */
import { ChecksumMismatchError } from "../../errors/base.js";
import {
  type Checksum,
  type CrcAlgorithm,
  createChecksum,
  fullObjectChecksum,
  type GivenChecksum,
  isCrc,
} from "../../transport/checksum/index.js";

export class WholeCheck {
  readonly #expected: GivenChecksum;
  readonly #parts: { checksum: string; length: number }[] = [];
  /** Of what cannot be put together from ranges: one reading of the whole, in order. */
  readonly inOrder: Checksum | undefined;

  private constructor(expected: GivenChecksum, ranges: number) {
    this.#expected = expected;
    if (ranges > 1 && !isCrc(expected.algorithm)) this.inOrder = this.#create();
  }

  static for(expected: GivenChecksum | undefined, ranges: number): WholeCheck | undefined {
    return expected && new WholeCheck(expected, ranges);
  }

  /** For one range's bytes; undefined where they must come in order. */
  begin(): Checksum | undefined {
    return this.inOrder ? undefined : this.#create();
  }

  #create(): Checksum {
    return createChecksum(this.#expected.algorithm);
  }

  /** A range's, by its number from 0. */
  add(range: number, checksum: Checksum, length: number): void {
    this.#parts[range] = { checksum: checksum.base64(), length };
  }

  /** @throws ChecksumMismatchError */
  verify(): void {
    const { algorithm, value } = this.#expected;
    const actual = this.inOrder?.base64() ?? this.#combined();
    if (actual === value) return;
    throw new ChecksumMismatchError(algorithm, value, actual, {
      hint: "The bytes were damaged on their way, or stored under a wrong checksum: download the object again.",
    });
  }

  #combined(): string {
    const [only, ...others] = this.#parts;
    if (only === undefined) return this.#create().base64();
    return others.length === 0
      ? only.checksum
      : fullObjectChecksum(this.#expected.algorithm as CrcAlgorithm, this.#parts);
  }
}
