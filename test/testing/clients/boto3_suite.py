"""boto3 against the server of the environment; a line of JSON for each thing that was tried."""

import datetime
import io
import json
import os
import traceback
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

place = {
    # Said here too: Debian's boto3 does not take it from the environment.
    "endpoint_url": os.environ["AWS_ENDPOINT_URL"],
    "config": Config(signature_version="s3v4", s3={"addressing_style": "path"}),
}
s3 = boto3.client("s3", **place)
resource = boto3.resource("s3", **place)
tried = []


def check(work):
    tried.append(work)
    return work


def fails(code, work, *first, **arguments):
    try:
        work(*first, **arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError("no error; expected " + code)


KEYS = ["plain", "with space", "a/b//c", "plus+and&", "per%20cent", "ção/\U0001f42c", "quote'\"<>", "./dots/../x"]


@check
def keys_with_anything_in_them():
    for key in KEYS:
        s3.put_object(Bucket="river", Key=key, Body=key.encode())
        assert s3.get_object(Bucket="river", Key=key)["Body"].read().decode() == key
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="river", PaginationConfig={"PageSize": 3})
    listed = [item["Key"] for page in pages for item in page["Contents"]]
    assert listed == sorted(KEYS, key=lambda key: key.encode()), listed
    out = s3.delete_objects(Bucket="river", Delete={"Objects": [{"Key": key} for key in KEYS]})
    assert len(out["Deleted"]) == len(KEYS) and "Errors" not in out


@check
def every_checksum():
    for algorithm in ["CRC32", "SHA1", "SHA256"]:
        s3.put_object(Bucket="river", Key="sum", Body=b"12345", ChecksumAlgorithm=algorithm)
        head = s3.head_object(Bucket="river", Key="sum", ChecksumMode="ENABLED")
        assert head["Checksum" + algorithm], head
    fails("BadDigest", s3.put_object, Bucket="river", Key="sum", Body=b"12345", ChecksumSHA256="A" * 43 + "=")


@check
def transfers_in_parts():
    data = os.urandom(12 * 1024 * 1024 + 5)
    config = TransferConfig(multipart_threshold=6 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024)
    s3.upload_fileobj(io.BytesIO(data), "river", "large", Config=config, ExtraArgs={"Metadata": {"a": "b"}})
    assert s3.head_object(Bucket="river", Key="large")["ETag"].endswith('-3"')
    back = io.BytesIO()
    s3.download_fileobj("river", "large", back, Config=config)
    assert back.getvalue() == data
    s3.copy({"Bucket": "river", "Key": "large"}, "river", "large copy", Config=config)
    assert s3.get_object(Bucket="river", Key="large copy", Range="bytes=-5")["Body"].read() == data[-5:]


@check
def conditions():
    def put_if(condition, **given):
        """Debian's boto3 has no parameter for it: the header is added before the request is signed."""
        add = lambda params, **_: params["headers"].update(condition)
        s3.meta.events.register("before-call.s3.PutObject", add)
        try:
            return s3.put_object(**given)
        finally:
            s3.meta.events.unregister("before-call.s3.PutObject", add)

    etag = s3.put_object(Bucket="river", Key="c", Body=b"1")["ETag"]
    fails("PreconditionFailed", put_if, {"If-None-Match": "*"}, Bucket="river", Key="c", Body=b"2")
    put_if({"If-Match": etag}, Bucket="river", Key="c", Body=b"2")
    fails("PreconditionFailed", put_if, {"If-Match": etag}, Bucket="river", Key="c", Body=b"3")
    fails("304", s3.get_object, Bucket="river", Key="c", IfNoneMatch=s3.head_object(Bucket="river", Key="c")["ETag"])
    fails("NoSuchKey", s3.get_object, Bucket="river", Key="not there")
    fails("404", s3.head_object, Bucket="river", Key="not there")
    fails("NoSuchBucket", s3.list_objects_v2, Bucket="no-such-bucket")


@check
def presigned():
    url = s3.generate_presigned_url("put_object", {"Bucket": "river", "Key": "p q"}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(url, b"signed", {"Content-Type": ""}, method="PUT"))
    url = s3.generate_presigned_url("get_object", {"Bucket": "river", "Key": "p q"}, ExpiresIn=60)
    assert urllib.request.urlopen(url).read() == b"signed"
    post = s3.generate_presigned_post("river", "f/${filename}", Conditions=[["content-length-range", 1, 10]])
    boundary = "xxxx"
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in post["fields"].items()
    )
    body += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="n"\r\n\r\nform\r\n--{boundary}--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=" + boundary}
    urllib.request.urlopen(urllib.request.Request(post["url"], body.encode(), headers))
    assert s3.get_object(Bucket="river", Key="f/n")["Body"].read() == b"form"


@check
def versions():
    s3.create_bucket(Bucket="versions", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    bucket = resource.Bucket("versions")
    bucket.Versioning().enable()
    bucket.put_object(Key="k", Body=b"1")
    bucket.put_object(Key="k", Body=b"2")
    bucket.Object("k").delete()
    # boto3 puts delete markers behind the versions of a page.
    assert [version.is_latest for version in bucket.object_versions.all()] == [False, False, True]
    bucket.object_versions.all().delete()
    bucket.delete()


@check
def settings():
    s3.put_bucket_tagging(Bucket="river", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_bucket_tagging(Bucket="river")["TagSet"] == [{"Key": "a", "Value": "b"}]
    rules = [{"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "p"}, "Expiration": {"Days": 1}}]
    s3.put_bucket_lifecycle_configuration(Bucket="river", LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket="river")["Rules"] == rules
    cors = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]
    s3.put_bucket_cors(Bucket="river", CORSConfiguration={"CORSRules": cors})
    assert s3.get_bucket_cors(Bucket="river")["CORSRules"] == cors
    fails("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket="river")


@check
def object_lock():
    s3.create_bucket(
        Bucket="locked",
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    until = datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc)
    version = s3.put_object(
        Bucket="locked", Key="k", Body=b"1", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until
    )["VersionId"]
    fails("AccessDenied", s3.delete_object, Bucket="locked", Key="k", VersionId=version)
    s3.delete_object(Bucket="locked", Key="k", VersionId=version, BypassGovernanceRetention=True)


@check
def customer_keys():
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    s3.put_object(Bucket="river", Key="secret", Body=b"1", **key)
    assert s3.get_object(Bucket="river", Key="secret", **key)["Body"].read() == b"1"
    fails("InvalidRequest", s3.get_object, Bucket="river", Key="secret")


for work in tried:
    try:
        work()
        print(json.dumps({"name": work.__name__.replace("_", " ")}))
    except Exception:
        print(json.dumps({"name": work.__name__.replace("_", " "), "error": traceback.format_exc()}))
