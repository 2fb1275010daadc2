"""A stub of the Hugging Face Hub's HTTP interface on this machine, and programs that know no other network.

Signals are those of a process of a terminal, also where the tests run in the background.
"""

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

TOKEN = "hf_right"

if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Repository:
    def __init__(self, private=False):
        self.private = private
        self.commits = [{}]  # each the files by name
        self.names = {"main": 0}  # of commits

    def oid(self, number):
        return hashlib.sha1(b"commit %d" % number).hexdigest()

    def find(self, revision):
        """The number of a commit, or None."""
        oids = {self.oid(number): number for number in range(len(self.commits))}
        return (self.names | oids).get(revision)

    def commit(self, files):
        self.commits.append(self.commits[-1] | files)
        self.names["main"] = len(self.commits) - 1
        return self.oid(self.names["main"])

    @property
    def files(self):
        return self.commits[-1]


class Hub:
    """What the stub holds, and how it misbehaves.

    refuse: a pattern of "METHOD path" and the status to answer with. cut: send half of every file. large: from this
    size on, files go to the large file storage.
    """

    def __init__(self, endpoint, home):
        self.endpoint, self.home = endpoint, home
        self.repositories, self.storage, self.requests = {}, {}, []
        self.refuse, self.cut, self.large = None, False, 10**6

    def add(self, name, files, private=False):
        repository = self.repositories[name] = Repository(private)
        repository.commit(files)
        return repository

    def run(self, *arguments, token=TOKEN, status=0, **environment):
        """A fresh interpreter's output, of the exit status; its Hub is the stub, and there is no other."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        own = {
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(self.home),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",  # the stub speaks the older protocol only
            "HF_HUB_ETAG_TIMEOUT": "5",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        }
        own |= {} if token is None else {"HF_TOKEN": token}
        run = subprocess.run(
            [sys.executable, *arguments],
            env=kept | own | environment,
            capture_output=True,
            text=True,
            check=False,
            encoding="utf-8",
            timeout=120,
        )
        assert run.returncode == status, run.stdout + run.stderr
        return run

    def firth(self, *arguments, **more):
        """The output of a command line of firth."""
        return self.run("-m", "firth", *map(str, arguments), **more)

    def message(self, code, **more):
        """The message of the FirthError that a statement ends with, which is one line."""
        hurry = "import time; time.sleep = lambda seconds: None"  # between tries of the library
        wrapped = (
            f"import firth\n{hurry}\ntry:\n    {code}\nexcept firth.FirthError as e:\n    print(type(e).__name__, e)"
        )
        lines = self.run("-c", wrapped, **more).stdout.splitlines()
        assert len(lines) == 1, lines
        return lines[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *arguments):
        pass

    def do_GET(self):
        self._serve()

    def do_HEAD(self):
        self._serve()

    def do_POST(self):
        self._serve()

    def do_PUT(self):
        self._serve()

    def _serve(self):
        hub = self.server.hub
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        line = f"{self.command} {path}"
        hub.requests.append(line)
        token = self.headers.get("Authorization")
        if hub.refuse is not None and re.search(hub.refuse[0], line):
            return self._answer(hub.refuse[1], {"error": "a\nstrange <b>answer</b>"})
        if token not in (None, f"Bearer {TOKEN}") and "/lfs/" not in path:
            return self._refuse(401, message="Invalid credentials in Authorization header")
        for pattern, serve in ROUTES:
            if found := re.fullmatch(pattern, line):
                return serve(self, hub, body, *map(unquote, found.groups()))
        return self._answer(404, {"error": f"the stub has no {line}"})

    def _answer(self, status, document):
        self._send(status, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _refuse(self, status, code=None, message="no"):
        headers = {"X-Error-Message": message} | ({} if code is None else {"X-Error-Code": code})
        self._send(status, b"", headers)

    def _send(self, status, content, headers):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _open(self, hub, name, revision):
        """The repository and the number of its commit, after an answer where there is none."""
        repository = hub.repositories.get(name)
        known = self.headers.get("Authorization") is not None
        if repository is None or (repository.private and not known):
            return self._refuse(404 if known else 401, "RepoNotFound")
        number = repository.find(revision)
        return self._refuse(404, "RevisionNotFound") if number is None else (repository, number)

    def create(self, hub, body):
        asked = json.loads(body)
        if self.headers.get("Authorization") is None:
            return self._refuse(401, message="Invalid username or password.")
        name = f"{asked['organization']}/{asked['name']}"
        answer = {"url": f"{hub.endpoint}/{name}", "name": name, "id": name}
        if name in hub.repositories:
            return self._answer(409, answer | {"error": "You already created this model repo"})
        private = asked.get("visibility") == "private" or asked.get("private") is True
        hub.repositories[name] = Repository(private)
        return self._answer(200, answer)

    def validate(self, hub, body):
        wrong = "license: nonsense" in json.loads(body)["content"]
        errors = [{"message": '"license" must be one of [mit]\nor so'}] if wrong else []
        self._answer(400 if errors else 200, {"errors": errors, "warnings": []})

    def preupload(self, hub, body, name, revision):
        files = json.loads(body)["files"]
        modes = ["lfs" if file["size"] >= hub.large else "regular" for file in files]
        named = zip(files, modes, strict=True)
        self._answer(
            200,
            {"files": [{"path": file["path"], "uploadMode": mode, "shouldIgnore": False} for file, mode in named]},
        )

    def batch(self, hub, body, name):
        objects = [
            {
                "oid": one["oid"],
                "size": one["size"],
                "actions": {"upload": {"href": f"{hub.endpoint}/lfs/{one['oid']}"}},
            }
            for one in json.loads(body)["objects"]
        ]
        self._answer(200, {"transfer": "basic", "objects": objects})

    def store(self, hub, body, oid):
        assert hashlib.sha256(body).hexdigest() == oid
        hub.storage[oid] = body
        self._answer(200, {})

    def commit(self, hub, body, name, revision):
        files = {}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = hub.storage[value["oid"]]
        oid = hub.repositories[name].commit(files)
        url = f"{hub.endpoint}/{name}/commit/{oid}"
        self._answer(200, {"success": True, "commitOid": oid, "commitUrl": url})

    def info(self, hub, body, name, revision="main"):
        if found := self._open(hub, name, revision):
            repository, number = found
            files = [{"rfilename": file} for file in repository.commits[number]]
            answer = {"id": name, "private": repository.private, "siblings": files, "sha": repository.oid(number)}
            self._answer(200, answer | {"tags": [], "downloads": 0})

    def tree(self, hub, body, name, revision):
        if found := self._open(hub, name, revision):
            files = found[0].commits[found[1]]
            sized = [{"type": "file", "path": path, "size": len(text), "oid": "0" * 40} for path, text in files.items()]
            self._answer(200, sized)

    def resolve(self, hub, body, name, revision, file):
        if not (found := self._open(hub, name, revision)):
            return
        repository, number = found
        content = repository.commits[number].get(file)
        if content is None:
            return self._refuse(404, "EntryNotFound")
        headers = {"X-Repo-Commit": repository.oid(number), "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
        if hub.cut and self.command == "GET":
            self.close_connection = True
            headers["Content-Length"] = str(len(content))
            content = content[: len(content) // 2]
        self._send(200, content, headers)


REPOSITORY = "([^/]+/[^/]+)"
ROUTES = [
    ("POST /api/repos/create", Handler.create),
    ("POST /api/validate-yaml", Handler.validate),
    (f"POST /api/models/{REPOSITORY}/preupload/([^/]+)", Handler.preupload),
    (f"POST /{REPOSITORY}.git/info/lfs/objects/batch", Handler.batch),
    ("PUT /lfs/([0-9a-f]+)", Handler.store),
    (f"POST /api/models/{REPOSITORY}/commit/([^/]+)", Handler.commit),
    (f"GET /api/models/{REPOSITORY}", Handler.info),
    (f"GET /api/models/{REPOSITORY}/revision/([^/]+)", Handler.info),
    (f"GET /api/models/{REPOSITORY}/tree/([^/]+)", Handler.tree),
    (f"(?:GET|HEAD) /{REPOSITORY}/resolve/([^/]+)/(.+)", Handler.resolve),
]


@pytest.fixture
def hub(tmp_path):
    """A stub of the Hub that listens on this machine."""
    pytest.importorskip("huggingface_hub")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.hub = Hub(f"http://127.0.0.1:{server.server_port}", Path(tmp_path) / "huggingface")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.hub
    server.shutdown()
    server.server_close()
    thread.join()
