/** The object-oriented layer: what stands at its door. */
export type { Given, ResourceMeta } from "./base.js";
export { Resource } from "./base.js";
export type { BatchInput, BatchOptions } from "./batch-delete.js";
export { BatchCollection, Collection, type CollectionOptions, type Filter } from "./collection.js";
export * from "./generated/resources.js";
export type { ObjectMethod } from "./object-handle.js";
export type { UpdateOptions } from "./update.js";
