"""How files are fetched from the network: https, a proxy, a mirror, few redirects."""

from __future__ import annotations

import os
import socket
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, InvalidURL
from typing import IO
from urllib.parse import urlsplit

from seggui import __version__
from seggui.errors import BadRequest
from seggui.files.settings import Settings

MIRROR = "SEGGUI_MIRROR"
_MOST_REDIRECTS = 5
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HUGGING_FACE = "huggingface.co"

_STATUS = {
    401: "the server wants to know who asks (401)",
    403: "the server refuses to give it (403)",
    404: "the server does not have it (404)",
    410: "the server does not have it any more (410)",
    416: "the server has fewer bytes than have arrived (416)",
    429: "the server was asked too often and wants us to wait (429)",
}


@dataclass(frozen=True, slots=True)
class Network:
    """Ways to the network that a person chose, and how patient downloads are."""

    mirror: str = ""
    """Base address that stands for the publishers' hosts."""
    proxy: str = ""
    """``http://host:port``; empty takes the proxy of the environment."""
    token: str = ""
    """Of a Hugging Face account, for files that are not given to everybody."""
    stall_s: float = 30.0
    """How long nothing may arrive until the connection counts as lost."""
    tries: int = 5
    """How often in a row a download may break off without one new byte."""
    pause_s: float = 1.0
    """Before the second try; doubles with each one."""

    @classmethod
    def chosen(cls) -> Network:
        """What the environment says, else the settings.

        ``SEGGUI_MIRROR`` and ``HF_TOKEN`` are read here; ``HTTPS_PROXY`` and
        ``NO_PROXY`` by the standard library, unless the settings name a proxy.
        """
        settings = Settings.load()
        return cls(
            mirror=os.environ.get(MIRROR) or str(settings.value("mirror")),
            proxy=str(settings.value("proxy")),
            token=os.environ.get("HF_TOKEN", ""),
        )

    def addresses(self, url: str) -> tuple[str, ...]:
        """Where to look for the file of a published address, the first one first.

        A mirror either has the publishers' paths, as those of Hugging Face do, or is a
        folder of files. Raises ``BadRequest`` for an address that is not safe.
        """
        if not self.mirror:
            _check(url)
            return (url,)
        base = self.mirror.rstrip("/")
        if not _is_address(base):
            raise BadRequest(
                f"The mirror {self.mirror} is no address; one starts with https://. "
                "Change it in the settings."
            )
        path = urlsplit(url).path
        return f"{base}{path}", f"{base}/{path.rpartition('/')[2]}"

    def opener(self) -> urllib.request.OpenerDirector:
        """Opens addresses through the proxy and follows safe redirects."""
        return urllib.request.build_opener(
            urllib.request.ProxyHandler(self._proxies()), _Redirects()
        )

    def met_first(self, url: str) -> str:
        """Whom a connection for that address meets: a proxy, or else its host."""
        parts = urlsplit(url)
        host = parts.hostname or url
        proxy = self._proxies().get(parts.scheme, "")
        if not proxy or urllib.request.proxy_bypass(host):
            return host
        return f"the proxy {proxy.rpartition('//')[2].rpartition('@')[2].rstrip('/')}"

    def _proxies(self) -> dict[str, str]:
        """A proxy for each scheme."""
        if not self.proxy:
            return urllib.request.getproxies()
        proxy = self.proxy if "://" in self.proxy else f"http://{self.proxy}"
        return {"http": proxy, "https": proxy}

    def request(self, url: str) -> urllib.request.Request:
        """Ask for the bytes of a file as they are."""
        request = urllib.request.Request(url)
        request.add_header("User-Agent", f"seggui/{__version__}")
        request.add_header("Accept-Encoding", "identity")
        if self.token and urlsplit(url).hostname == _HUGGING_FACE:
            request.add_header("Authorization", f"Bearer {self.token}")
        return request


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects; never from https to less, never with a token."""

    max_redirections = _MOST_REDIRECTS

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if old.scheme == "https" and new.scheme != "https":
            raise urllib.error.URLError(
                f"{old.hostname} sends us on to {newurl}, which is not encrypted"
            )
        made = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None and old.netloc != new.netloc:
            made.remove_header("Authorization")
        return made


def reason_for_status(status: int) -> str:
    """Say in words why a server did not give a file."""
    if 300 <= status < 400:
        return f"the server sends us from one address to the next ({status})"
    if status >= 500:
        return f"the server is out of order for now ({status})"
    return _STATUS.get(status, f"the server answered {status}")


def reason_for_error(error: OSError | HTTPException, host: str, met: str) -> str:
    """Say in words why a connection to a host, which meets ``met`` first, failed."""
    inner = error.reason if isinstance(error, urllib.error.URLError) else None
    cause = inner if isinstance(inner, Exception) else error
    if isinstance(cause, socket.gaierror):
        return f"{met} was not found; this machine may be offline"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {host} is not trusted here (behind a proxy that reads "
            "along, set SSL_CERT_FILE to its certificate)"
        )
    if isinstance(cause, TimeoutError):
        return f"{met} does not answer"
    if isinstance(cause, ConnectionRefusedError):
        return f"{met} takes no connections"
    if isinstance(inner, str):
        return inner
    if isinstance(cause, InvalidURL):
        return f"the address or the proxy cannot be right ({cause})"
    if isinstance(cause, OSError) and (cause.strerror or str(cause)):
        return cause.strerror or str(cause)
    return "the connection broke off"


def _is_address(base: str) -> bool:
    try:
        parts = urlsplit(base)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        raise BadRequest(f"Weights are only fetched over https, not from {url}.")
