# Written by makemigrations.

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import django_mfa.clock


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HOTPDevice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        unique=True,
                        verbose_name="public id",
                    ),
                ),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                (
                    "confirmed",
                    models.BooleanField(default=False, verbose_name="confirmed"),
                ),
                (
                    "created",
                    models.DateTimeField(
                        default=django_mfa.clock.now,
                        editable=False,
                        verbose_name="added",
                    ),
                ),
                (
                    "last_used",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="last used"
                    ),
                ),
                (
                    "uses",
                    models.PositiveIntegerField(
                        default=0, editable=False, verbose_name="uses"
                    ),
                ),
                (
                    "failures",
                    models.PositiveIntegerField(
                        default=0, editable=False, verbose_name="consecutive failures"
                    ),
                ),
                (
                    "failures_total",
                    models.PositiveIntegerField(
                        default=0,
                        editable=False,
                        verbose_name="failures since it was added",
                    ),
                ),
                (
                    "locked_until",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="refused until"
                    ),
                ),
                (
                    "disabled_at",
                    models.DateTimeField(
                        editable=False, null=True, verbose_name="disabled"
                    ),
                ),
                (
                    "disabled_reason",
                    models.CharField(
                        blank=True,
                        editable=False,
                        max_length=32,
                        verbose_name="why disabled",
                    ),
                ),
                ("sealed_secret", models.TextField(editable=False)),
                ("counter", models.BigIntegerField(default=0, editable=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mfa_%(class)s_set",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "security token",
                "verbose_name_plural": "security tokens",
            },
        ),
    ]
