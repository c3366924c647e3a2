"""The same page for every kind of Python server: it takes a second."""
import asyncio, time


def begun():
    open("begun", "w").close()


def wsgi(environ, start_response):
    begun()
    time.sleep(1)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "8")])
    return [b"finished"]


async def asgi(scope, receive, send):
    assert scope["type"] == "http"
    begun()
    await asyncio.sleep(1)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
    await send({"type": "http.response.body", "body": b"finished"})


def flask():
    import flask

    app = flask.Flask(__name__)

    @app.route("/")
    def page():
        begun()
        time.sleep(1)
        return "finished"

    return app
