"""Codes sent by somebody else: Celery with Redis as its broker, and django.tasks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import celery
import django
import pytest
import redis
from django.db import connection

from django_mfa.challenges.models import Challenge
from tests.providers import site
from tests.sent import SETTINGS

ROOT = Path(__file__).parents[2]
BROKER = os.environ.get(site.BROKER, "")
PATIENCE = 60

needs_broker = pytest.mark.skipif(not BROKER, reason=f"{site.BROKER} is not set")


def until(holds, what):
    """Wait for another process."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Worker:
    """A process of Celery that works on the database of this test."""

    def __init__(self, queue: str, port: int, log: Path) -> None:
        self.queue, self.port, self.log = queue, port, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        env = {
            **os.environ,
            "DATABASE_OF_THE_TEST": str(connection.settings_dict["NAME"]),
            "SMTP_PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            "PYTHONDEVMODE": "",
            site.QUEUE: self.queue,
        }
        command = ["-m", "celery", "--app", "tests.providers.site", "worker"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command, "--pool=solo", "--loglevel=DEBUG"],
                cwd=ROOT,
                env=env,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE)


@pytest.fixture
def app(settings):
    """The site's Celery app, with a queue for this test alone."""
    made = site.make_app()
    made.conf.task_default_queue = f"test-{uuid4()}"
    before = celery.current_app._get_current_object()
    made.set_default()
    made.set_current()
    settings.DJANGO_MFA = {**SETTINGS, "SENT_CODES": {"DISPATCHER": "celery"}}
    yield made
    made.close()
    before.set_default()
    before.set_current()


@pytest.fixture
def worker(app, smtp, tmp_path):
    made = Worker(app.conf.task_default_queue, smtp, tmp_path / "log")
    yield made
    made.stop()
    with redis.Redis.from_url(BROKER) as broker:
        broker.delete(made.queue)


@needs_broker
def test_celery_sends_the_code(visitor, mailbox, worker, mia):
    assert visitor.send("verify_send", "email").status_code == 302
    assert not mailbox.got
    with redis.Redis.from_url(BROKER) as broker:
        carried = b"".join(broker.lrange(worker.queue, 0, -1))
    assert b"django_mfa.deliver" in carried
    worker.start()
    until(lambda: mailbox.got, "a mail")
    code = mailbox.code()
    until(lambda: Challenge.objects.get().state.get("gateway"), "a receipt")
    assert code.encode() not in carried
    visitor.send("verify", "email", code=code)
    assert visitor.is_in
    worker.stop()
    log = worker.log.read_text()
    assert "django_mfa.deliver" in log
    assert code not in log
    assert "mia@example.com" not in log


@needs_broker
def test_celery_ended_after_the_server_took_it_leaves_one_right_code(
    visitor, mailbox, worker
):
    visitor.send("verify_send", "email")
    # The server has the mail, and its client is gone before it is told so.
    mailbox.meanwhile = worker.kill
    worker.start()
    until(lambda: mailbox.got, "a mail")
    mailbox.meanwhile = None
    worker.process.wait()
    row = Challenge.objects.get()
    assert row.sent
    assert "gateway" not in row.state
    visitor.send("verify", "email", code=mailbox.code())
    assert visitor.is_in


@needs_broker
def test_celery_given_a_task_twice_sends_once(visitor, mailbox, worker):
    visitor.send("verify_send", "email")
    with redis.Redis.from_url(BROKER) as broker:
        (task,) = broker.lrange(worker.queue, 0, -1)
        broker.lpush(worker.queue, task)
        worker.start()
        until(lambda: not broker.llen(worker.queue), "an empty queue")
    until(lambda: Challenge.objects.get().state.get("gateway"), "a receipt")
    worker.stop()
    assert len(mailbox.got) == 1
    assert worker.log.read_text().count("succeeded") == 2
    visitor.send("verify", "email", code=mailbox.code())
    assert visitor.is_in


def test_a_broker_that_is_down_is_told_and_costs_nothing(
    visitor, app, free_port, smtp, mailbox, settings
):
    app.conf.broker_url = f"redis://127.0.0.1:{free_port + 1}/0"
    page = visitor.send("verify_send", "email")
    assert page.status_code == 503
    assert "could not send" in page.text
    settings.DJANGO_MFA = SETTINGS
    assert visitor.send("verify_send", "email").status_code == 302
    visitor.send("verify", "email", code=mailbox.code())
    assert visitor.is_in


@pytest.mark.skipif(django.VERSION < (6, 0), reason="django.tasks came with Django 6")
def test_django_tasks_send_the_code(visitor, smtp, mailbox, settings):
    settings.DJANGO_MFA = {**SETTINGS, "SENT_CODES": {"DISPATCHER": "tasks"}}
    assert visitor.send("verify_send", "email").status_code == 302
    visitor.send("verify", "email", code=mailbox.code())
    assert visitor.is_in
