import type { Piece } from "./storage.js";

/** What a handler answers. */
export interface Answer {
  /** Default 200, or 204 for deletions. */
  status?: number;
  /** Members of the operation's output: headers and XML are written from them. */
  output?: object;
  /** Further headers, as S3 spells them. */
  headers?: Record<string, string>;
  /** A document that the model does not know. */
  text?: string;
  /** The bytes of an object. */
  chunks?: readonly Piece[];
}
