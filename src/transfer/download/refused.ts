/** Members of GetObject that would ask for a piece of the object. */
export const refusedMembers = {
  Range: "a download is of the whole object: use getObject for a range",
  PartNumber: "a download is of the whole object: use getObject for a part",
};
