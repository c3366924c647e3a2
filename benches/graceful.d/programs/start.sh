#!/bin/bash
# The commonest of all: what runs last is waited for, without `exec`.
python3 job.py
status=$?
exit $status
