"""The site as a worker of Celery runs it: the database and servers of one test.

celery --app tests.providers.site worker
"""

from __future__ import annotations

import os

import django
from celery import Celery
from django.conf import settings

BROKER = "REDIS_BROKER_URL"
QUEUE = "QUEUE_OF_THE_TEST"


def make_app() -> Celery:
    made = Celery("tests", broker=os.environ.get(BROKER, ""))
    made.conf.task_ignore_result = True
    made.conf.broker_connection_retry_on_startup = True
    made.conf.task_default_queue = os.environ.get(QUEUE, "celery")
    # As a careful site has it: a broker that is silent keeps nobody waiting.
    made.conf.broker_transport_options = {"socket_connect_timeout": 2}
    made.autodiscover_tasks(["django_mfa"])
    return made


if "DATABASE_OF_THE_TEST" in os.environ:
    settings.DATABASES["default"]["NAME"] = os.environ["DATABASE_OF_THE_TEST"]
    host, port = "127.0.0.1", int(os.environ["SMTP_PORT"])
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if django.VERSION >= (6, 1):
        options = {"host": host, "port": port, "timeout": 5}
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
    else:
        settings.EMAIL_BACKEND, settings.EMAIL_TIMEOUT = backend, 5
        settings.EMAIL_HOST, settings.EMAIL_PORT = host, port
    django.setup()
    from tests.sent import SETTINGS

    settings.DJANGO_MFA = SETTINGS

app = make_app()
