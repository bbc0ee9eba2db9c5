"""The page as a person has it: opened, moved by hand and keys, read from its canvas."""

import base64
import json

import numpy as np
from selenium.webdriver.support.ui import WebDriverWait

from tests.waiting import LIMIT_SECONDS

MODEL = "window.viewer.model"


class Page:
    def __init__(self, browser, served):
        self.browser, self.served = browser, served

    def run(self, script, *values):
        return self.browser.execute_script(script, *values)

    def until(self, script, *values):
        return WebDriverWait(self.browser, LIMIT_SECONDS, 0.05).until(lambda _: self.run(f"return {script}", *values))

    def enter(self, fragment):
        """Open an address with nothing behind it that was before."""
        self.browser.get(f"{self.served.address}healthz")
        self.browser.add_cookie(self.cookie())
        self.browser.get("about:blank")
        self.browser.get_log("browser")
        self.browser.get_log("performance")
        self.browser.get(f"{self.served.address}#{fragment}")

    def open(self, fragment):
        """Open a view, and wait until its exact picture stands."""
        self.enter(fragment)
        self.until("window.viewer && window.viewer.settled > 0 && !window.viewer.model.asking")
        self.settle()
        return self

    def cookie(self):
        from jwstpipe.viewer.server.guard import cookie_name

        return {"name": cookie_name(self.served.port), "value": self.served.access.session, "path": "/"}

    def settle(self, script=""):
        """Do something, and wait until the view stands again with its exact picture."""
        before = self.run(f"const n = viewer.settled; viewer.stage.changed(); {script}; return n")
        self.until("viewer.settled > arguments[0] && !viewer.model.asking && viewer.stage.coarse === 1", before)

    def pixels(self, *, exact):
        """Read the canvas: (y, x, 3), the top row first."""
        script = """
            const {width, height, data} = viewer.stage.pixels(arguments[0]);
            let text = "";
            for (let n = 0; n < data.length; n += 32768) text += String.fromCharCode(...data.subarray(n, n + 32768));
            return [height, width, btoa(text)];
        """
        rows, columns, text = self.run(script, exact)
        found = np.frombuffer(base64.b64decode(text), np.uint8).reshape(rows, columns, 4)
        return found[::-1, :, :3].astype(int)

    def complaints(self):
        return [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]

    def asked(self):
        """Give the addresses that were asked since the page opened, or since this was asked before."""
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.get_log("performance")]
        sent = [one["params"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        return [one["request"]["url"] for one in sent if not one["request"]["url"].startswith(("data:", "about:"))]
