"""boto3 at the end of a pipe: a line of JSON is a call, a line of JSON its answer. Bytes travel as {"$bytes": base64}.

A call is {"method", "input"}: a method of boto3's S3 client, or one of those below. The answer is {"value"} or
{"error": {"Code", "Message", "Service"}}.
"""

import base64
import datetime
import http.client
import io
import json
import sys

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

settings = json.loads(sys.argv[1])
# A boto3 from before checksums by default (1.36) can't be told of them, and sends none unasked.
checksums = {
    option: settings["checksums"]
    for option in ("request_checksum_calculation", "response_checksum_validation")
    if option in Config.OPTION_DEFAULTS
}
s3 = boto3.client(
    "s3",
    endpoint_url=settings["endpoint"],
    region_name=settings["region"],
    aws_access_key_id=settings["credentials"]["accessKeyId"],
    aws_secret_access_key=settings["credentials"]["secretAccessKey"],
    config=Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": 2},
        **checksums,
    ),
)


def plain(value):
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if hasattr(value, "read"):
        return plain(value.read())
    return value


def rich(value):
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return base64.b64decode(value["$bytes"])
        if set(value) == {"$date"}:
            return datetime.datetime.fromisoformat(value["$date"].replace("Z", "+00:00"))
        return {name: rich(member) for name, member in value.items()}
    if isinstance(value, list):
        return [rich(member) for member in value]
    return value


def about(_):
    return {"boto3": boto3.__version__, "botocore": botocore.__version__}


def presign(call):
    return s3.generate_presigned_url(call["operation"], Params=call["input"], ExpiresIn=call.get("expiresIn", 600))


def presign_post(call):
    return s3.generate_presigned_post(**call)


def upload(call):
    """The managed transfer: parts of 5 MiB."""
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.upload_fileobj(io.BytesIO(call["Body"]), call["Bucket"], call["Key"], ExtraArgs=call.get("Extra"), Config=config)


def download(call):
    config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    into = io.BytesIO()
    s3.download_fileobj(call["Bucket"], call["Key"], into, ExtraArgs=call.get("Extra"), Config=config)
    return into.getvalue()


def fetch(call):
    """A plain HTTP request, its path sent as it stands."""
    scheme, rest = call["url"].split("://", 1)
    host, _, path = rest.partition("/")
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request(call.get("method", "GET"), "/" + path, body=call.get("body"), headers=call.get("headers", {}))
    answer = connection.getresponse()
    return {"status": answer.status, "headers": {k.lower(): v for k, v in answer.getheaders()}, "body": answer.read()}


def post_form(call):
    """A form with its file, as a browser sends it."""
    border = "------tucuxi-opinion"
    out = io.BytesIO()
    for name, value in call["fields"].items():
        out.write(f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    out.write(f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n'.encode())
    out.write(call["file"])
    out.write(f"\r\n--{border}--\r\n".encode())
    headers = {"Content-Type": f"multipart/form-data; boundary={border}"}
    return fetch({"url": call["url"], "method": "POST", "body": out.getvalue(), "headers": headers})


own = {f.__name__: f for f in (about, presign, presign_post, upload, download, fetch, post_form)}
for line in sys.stdin:
    call = rich(json.loads(line))
    try:
        method = own.get(call["method"])
        value = method(call["input"]) if method else getattr(s3, call["method"])(**call["input"])
        answer = {"value": plain(value)}
    except ClientError as error:
        answer = {"error": {"Code": error.response["Error"]["Code"], "Message": str(error), "Service": True}}
    except Exception as error:  # Whatever it is, the other end must hear of it.
        answer = {"error": {"Code": type(error).__name__, "Message": str(error), "Service": False}}
    print(json.dumps(answer), flush=True)
