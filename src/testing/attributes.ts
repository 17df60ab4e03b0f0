import type { GetObjectAttributesRequest, RestoreObjectRequest } from "../model/generated/types.js";
import type { Answer } from "./answer.js";
import type { Call } from "./call.js";
import { invalidArgument, malformedXml, missingBody, S3Error } from "./errors.js";
import { checksumOfVersion, checksumOutput } from "./objects.js";
import { checkCustomerKey } from "./sse.js";
import type { Version } from "./store.js";
import { integer } from "./target.js";
import { findVersion, shownVersionId } from "./versions.js";

const names = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

/** The parts of an object that has any; each is only listed where parts have checksums of their own. */
function partsOutput(call: Call, version: Version): object | undefined {
  const { parts } = version;
  if (!parts) return undefined;
  const total = { TotalPartsCount: parts.length };
  if (version.checksum?.type !== "COMPOSITE") return total;
  const max = Math.min(
    integer("x-amz-max-parts", call.headers["x-amz-max-parts"] ?? "1000", 0, 2147483647),
    1000,
    call.world.maxPage,
  );
  const marker = integer("x-amz-part-number-marker", call.headers["x-amz-part-number-marker"] ?? "0", 0, 2147483647);
  const rest = parts.filter((part) => part.number > marker);
  const page = rest.slice(0, max);
  return {
    ...total,
    PartNumberMarker: marker,
    NextPartNumberMarker: page[page.length - 1]?.number ?? 0,
    MaxParts: max,
    IsTruncated: page.length < rest.length,
    Parts: page.map((part) => {
      const { ChecksumType: _, ...sums } = checksumOutput(part.checksum);
      return { PartNumber: part.number, Size: part.size, ...sums };
    }),
  };
}

/** The object's checksum; that of parts without their number, which is with all else that tells of parts. */
function checksumAttribute(version: Version): object | undefined {
  const checksum = checksumOfVersion(version);
  return checksum && checksumOutput({ ...checksum, value: checksum.value.replace(/-\d+$/, "") });
}

export function getObjectAttributes(call: Call<GetObjectAttributesRequest>): Answer {
  const wanted = call.input.ObjectAttributes as readonly string[];
  for (const name of wanted) {
    if (!names.includes(name)) throw invalidArgument("x-amz-object-attributes", name, "There is no such attribute.");
  }
  const version = findVersion(call);
  checkCustomerKey(version.description.encryption, call.headers);
  const has = (name: string): boolean => wanted.includes(name);
  return {
    output: {
      LastModified: version.lastModified,
      VersionId: shownVersionId(call.bucket, version),
      // The one place where S3 gives an ETag without quotes.
      ETag: has("ETag") ? version.etag.replaceAll('"', "") : undefined,
      Checksum: has("Checksum") ? checksumAttribute(version) : undefined,
      ObjectParts: has("ObjectParts") ? partsOutput(call, version) : undefined,
      StorageClass: has("StorageClass") ? version.description.storageClass : undefined,
      ObjectSize: has("ObjectSize") ? version.size : undefined,
    },
  };
}

/** Brings an archived object back at once: here nobody waits for hours. */
export function restoreObject(call: Call<RestoreObjectRequest>): Answer {
  const version = findVersion(call);
  const { storageClass } = version.description;
  if (storageClass !== "GLACIER" && storageClass !== "DEEP_ARCHIVE") {
    throw new S3Error("InvalidObjectState", "Only archived objects can be restored.", { StorageClass: storageClass });
  }
  const request = call.input.RestoreRequest;
  if (!request) throw missingBody();
  if (request.Type !== undefined || request.SelectParameters || request.OutputLocation) {
    throw new S3Error("NotImplemented", "Restores that select are not done here.");
  }
  const days = request.Days;
  if (days === undefined || days < 1) throw malformedXml("Days must be at least one");
  const again = version.restoredUntil !== undefined && version.restoredUntil > call.now;
  const midnight = Math.ceil(call.now.getTime() / 86_400_000 + days) * 86_400_000;
  version.restoredUntil = new Date(midnight);
  call.bucket.changed(version);
  return { status: again ? 200 : 202 };
}
