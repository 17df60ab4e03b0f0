/**
 * Node's `util`, as far as it is used. An import of it would load all that it names (a parser of arguments, MIME types): half a millisecond of
 * an import of the package.
 */
export const { inspect, types } = process.getBuiltinModule("node:util");
