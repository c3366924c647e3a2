"""Factor VI, processes: nothing is kept in here, so any instance can answer any request."""

import json
import os
import uuid

from flask import Flask, jsonify, request

from resources import Gone, migrated_database, queue
from settings import NAME, required

app = Flask(__name__)
redis = queue()


@app.errorhandler(Gone[0])
@app.errorhandler(Gone[1])
def resource_gone(_error):
    return jsonify(error="Redis does not answer"), 503


@app.get("/")
def index():
    return jsonify(
        name=NAME,
        port=int(os.environ["PORT"]),
        pid=os.getpid(),
        greeting=required("GREETING"),
        hits=redis.incr("hits"),
    )


@app.get("/healthz")
def healthz():
    return jsonify(ok=redis.ping())


@app.post("/jobs")
def enqueue():
    number = (request.get_json(silent=True) or {}).get("number")
    if type(number) is not int or abs(number) > 1_000_000:
        return jsonify(error='send {"number": N}'), 400
    job = {"id": uuid.uuid4().hex, "number": number}
    redis.lpush("jobs", json.dumps(job))
    return jsonify(job), 202


@app.get("/jobs/<job>")
def result(job):
    database = migrated_database()
    try:
        row = database.execute("SELECT result, worker FROM results WHERE job = ?", (job,)).fetchone()
    finally:
        database.close()
    if row is None:
        return jsonify(error="not done yet, or never asked for"), 404
    return jsonify(id=job, result=row[0], worker=row[1])
