"""A small hub on loopback: data sets with branches of commits, spoken to by its own client, and refusals on order."""

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_test"


class Repository:
    def __init__(self, private):
        self.private = private
        self.commits = {}  # id -> (parent, title, {path: bytes})
        self.branches = {"main": self._commit(None, "initial commit", {".gitattributes": b""})}

    def _commit(self, parent, title, tree):
        name = hashlib.sha1(f"{len(self.commits)} {parent} {title}".encode()).hexdigest()
        self.commits[name] = (parent, title, tree)
        return name

    def head(self, revision):
        return self.branches.get(revision) or (revision if revision in self.commits else None)

    def tree(self, revision):
        return self.commits[self.head(revision)][2]

    def log(self, revision):
        name = self.head(revision)
        while name:
            yield name
            name = self.commits[name][0]

    def add(self, branch, title, added, gone):
        head = self.branches[branch]
        tree = {name: data for name, data in self.commits[head][2].items() if name not in gone} | added
        self.branches[branch] = self._commit(head, title, tree)
        return self.branches[branch]


class Hub:
    def __init__(self):
        self.repositories = {}
        self.refusals = []  # (part of the path, status), each used up by one request
        self.seen = []
        self.lock = threading.Lock()

    def asked(self, word):
        return sum(word in path for _, path in self.seen)


def _file(path, data):
    return {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a client's late acknowledgement of the headers keeps each body 40 ms

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._serve("GET")

    def do_HEAD(self):
        self._serve("HEAD")

    def do_POST(self):
        self._serve("POST")

    def _serve(self, method):
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.hub.lock:
            self.hub.seen.append((method, path))
            for refusal in self.hub.refusals:
                if refusal[0] in path:
                    self.hub.refusals.remove(refusal)
                    return self._say(refusal[1], {"error": "refused on order"})
            if method == "POST" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._say(401, {"error": "no token"})
            return self._route(method, path, parse_qs(parts.query), body)

    def _say(self, status, value=None, data=None, headers=()):
        data = json.dumps(value).encode() if data is None else data
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _here(self):
        return f"http://{self.headers['Host']}"

    def _missing(self, code):
        return self._say(404, {"error": code}, headers=[("X-Error-Code", code)])

    def _route(self, method, path, query, body):
        if path == "/api/whoami-v2":
            return self._say(200, {"name": "somebody", "type": "user", "orgs": []})
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'somebody'}/{asked['name']}"
            self.hub.repositories[name] = Repository(asked.get("private") or asked.get("visibility") == "private")
            return self._say(200, {"url": f"{self._here()}/datasets/{name}", "id": name})
        if path == "/api/validate-yaml":
            return self._say(200, {"errors": [], "warnings": []})
        head, _, rest = path.partition("/resolve/")
        if rest:
            return self._resolve(head.removeprefix("/datasets/"), rest)
        words = path.removeprefix("/api/datasets/").split("/")
        repository = self.hub.repositories.get("/".join(words[:2]))
        if repository is None:
            return self._missing("RepoNotFound")
        what = words[2] if len(words) > 2 else "revision"
        return getattr(self, f"_{what.replace('-', '_')}")(repository, "/".join(words[:2]), words[3:], query, body)

    def _revision(self, repository, name, rest, query, body):
        sha = repository.head(rest[0] if rest else "main")
        if sha is None:
            return self._missing("RevisionNotFound")
        files = [{"rfilename": path} for path in repository.commits[sha][2]]
        return self._say(200, {"id": name, "sha": sha, "private": repository.private, "tags": [], "siblings": files})

    def _refs(self, repository, name, rest, query, body):
        found = [
            {"name": one, "ref": f"refs/heads/{one}", "targetCommit": sha} for one, sha in repository.branches.items()
        ]
        return self._say(200, {"branches": found, "converts": [], "tags": [], "pullRequests": []})

    def _commits(self, repository, name, rest, query, body):
        found = [
            {
                "id": one,
                "title": repository.commits[one][1],
                "message": "",
                "authors": [],
                "date": "2026-01-01T00:00:00Z",
            }
            for one in repository.log(rest[0])
        ]
        return self._say(200, found)

    def _branch(self, repository, name, rest, query, body):
        if rest[0] in repository.branches:
            return self._say(409, {"error": "Reference already exists"})
        start = json.loads(body or b"{}").get("startingPoint") or "main"
        repository.branches[rest[0]] = repository.head(start)
        return self._say(200, {})

    def _tree(self, repository, name, rest, query, body):
        if repository.head(rest[0]) is None:
            return self._missing("RevisionNotFound")
        within = "/".join(rest[1:])
        start = f"{within}/" if within else ""
        tree = {path: data for path, data in repository.tree(rest[0]).items() if path.startswith(start)}
        if query.get("recursive", ["false"])[0].lower() != "true":
            deeper = {
                start + path.removeprefix(start).split("/")[0] for path in tree if "/" in path.removeprefix(start)
            }
            tree = {path: data for path, data in tree.items() if "/" not in path.removeprefix(start)}
        else:
            deeper = {path.rpartition("/")[0] for path in tree} - {"", within}
        if within and not tree and not deeper:
            return self._missing("EntryNotFound")
        found = [{"type": "directory", "path": path, "oid": "0" * 40} for path in sorted(deeper)]
        return self._say(200, found + [_file(path, data) for path, data in tree.items()])

    def _paths_info(self, repository, name, rest, query, body):
        tree = repository.tree(rest[0])
        asked = json.loads(body)["paths"] if body.startswith(b"{") else parse_qs(body.decode()).get("paths", [])
        return self._say(200, [_file(path, tree[path]) for path in asked if path in tree])

    def _preupload(self, repository, name, rest, query, body):
        asked = json.loads(body)["files"]
        found = [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in asked]
        return self._say(200, {"files": found})

    def _commit(self, repository, name, rest, query, body):
        lines = [json.loads(line) for line in body.splitlines()]
        title, added, gone = "", {}, set()
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                title = value["summary"]
                parent = value.get("parentCommit")
                if parent and parent != repository.branches[rest[0]]:
                    return self._say(412, {"error": "A commit has happened since"})
            elif line["key"] == "file":
                added[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                gone.add(value["path"])
        sha = repository.add(rest[0], title, added, gone)
        return self._say(
            200, {"success": True, "commitOid": sha, "commitUrl": f"{self._here()}/datasets/{name}/commit/{sha}"}
        )

    def _resolve(self, name, rest):
        repository = self.hub.repositories.get(name)
        revision, _, path = rest.partition("/")
        if repository is None or repository.head(revision) is None:
            return self._missing("RepoNotFound" if repository is None else "RevisionNotFound")
        data = repository.tree(revision).get(path)
        if data is None:
            return self._missing("EntryNotFound")
        facts = [("ETag", f'"{hashlib.sha1(data).hexdigest()}"'), ("X-Repo-Commit", repository.head(revision))]
        return self._say(200, data=data, headers=facts)


@contextmanager
def running():
    """(the hub, its address) while it runs."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
