"""A Django site in one file."""
import sys, time

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path


def page(request):
    open("begun", "w").close()
    time.sleep(1)
    return HttpResponse("finished")


urlpatterns = [path("", page)]
settings.configure(DEBUG=True, ROOT_URLCONF=__name__, SECRET_KEY="of a bench", ALLOWED_HOSTS=["*"])
execute_from_command_line(sys.argv)
