"""SIGKILL in the middle of load: the store opens and the gateway serves, every time."""
import random
import threading
import time

import harness
from client import Client, chat, hello
from harness import Gateway, GatewayTest, config, provider
from upstream import Upstream


class CrashTest(GatewayTest):
    def test_ten_kills_under_load_leave_a_store_that_opens(self):
        upstream = Upstream()
        self.addCleanup(upstream.close)
        settings = config([provider(upstream)], log={"access": False})
        folder = self.run_gateway(settings).folder
        random.seed(7)
        for _ in range(10):
            gateway = Gateway({**settings, "storage": {"path": "./crash", "map_size": "64MiB"}}, folder=folder)
            try:
                gateway.start()
                self.assertEqual(chat(gateway.port, hello("up/m")).status, 200)
                self._load_and_kill(gateway)
            finally:
                gateway.close()
            self.assertNotIn('"level":"error"', gateway.log)
            self.assertNotIn("canary", gateway.log)

    @staticmethod
    def _load_and_kill(gateway):
        over = threading.Event()

        def load():
            try:
                with Client(gateway.port) as client:
                    while not over.is_set():
                        client.chat(hello("up/m"))
            except (OSError, ValueError):
                pass  # The kill.
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        # Usage is written within a second, so a kill meets commits at any stage.
        time.sleep(random.uniform(0.2, 1.3))
        gateway.process.kill()
        gateway.process.wait()
        over.set()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    harness.main()
