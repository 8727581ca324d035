"""A Django site with two steps to log in: sends a token by django-two-factor-auth-ovh-gateway, verifies what is typed.

The journey gives the keys in JSON; tokens are read from standard input, each answered by a line of JSON.
"""

import json
import sys

import django
import ovh
from django.conf import settings
from django.core.management import call_command
from ovh.client import ENDPOINTS

told = json.loads(sys.argv[1])
ENDPOINTS["depesza"] = told["address"]
settings.configure(
    SECRET_KEY="of the site, not of the platform",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django_otp",
        "two_factor",
        "two_factor.plugins.phonenumber",
        "django_two_factor_auth_ovh_gateway",
    ],
    TWO_FACTOR_SMS_GATEWAY="django_two_factor_auth_ovh_gateway.gateway.Ovh",
    OVH_ENDPOINT="depesza",
    OVH_APPLICATION_KEY=told["key"],
    OVH_APPLICATION_SECRET=told["secret"],
    OVH_CONSUMER_KEY=told["consumer"],
    OVH_SENDER=told["sender"],
)
django.setup()
call_command("migrate", verbosity=0)

from django.contrib.auth.models import User  # noqa: E402
from two_factor.plugins.phonenumber.models import PhoneDevice  # noqa: E402

user = User.objects.create_user("anna")
device = PhoneDevice.objects.create(user=user, name="default", number=told["number"], method="sms")
try:
    device.generate_challenge()
    print(json.dumps({"sent": True}), flush=True)
except ovh.exceptions.APIError as error:
    print(json.dumps({"refused": type(error).__name__, "why": str(error)}), flush=True)
for line in sys.stdin:
    device.throttle_reset()
    print(json.dumps({"verified": device.verify_token(line.strip())}), flush=True)
