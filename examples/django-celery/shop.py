"""A Django application and its Celery tasks, in one file."""

import os
import sys

import celery
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

app = celery.Celery("shop", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


@app.task
def add(x, y):
    return x + y


def total(request):
    result = add.delay(int(request.GET["x"]), int(request.GET["y"]))
    return JsonResponse({"total": result.get(timeout=30)})


urlpatterns = [path("total", total)]

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY="for development only")
    django.setup()
    execute_from_command_line(sys.argv)
