#!/usr/bin/env node
// Runs the ganger of the package for this platform. Node is replaced by it where it can be (process.execve, node 22.15), so
// that no process stays between the caller and ganger. An older node stays, passes signals and the exit status on, and
// is watched by ganger, which stops the stack when node or its caller ends.
'use strict';

const { spawn } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { constants } = require('node:os');

const name = `ganger-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/ganger`);
} catch {
  console.error(`ganger: the package ${name} is not installed: there is no ganger for this platform, or npm left out
optional dependencies (install without --omit=optional)`);
  process.exit(125);
}

const args = process.argv.slice(2);
const env = { GANGER_DIE_WITH_PARENT: '1', ...process.env };

if (process.execve) {
  // Node ignores it, and what is ignored stays so in all that ganger starts; a signal with a handler gets its default again.
  process.on('SIGXFSZ', () => {});
  process.execve(program, ['ganger', ...args], env);
}

const child = spawn(program, args, { argv0: 'ganger', env, stdio: 'inherit' });

// A key signals the whole foreground group: ganger has that signal already, and a second Ctrl-C would kill the stack.
function isForeground() {
  try {
    const fields = readFileSync('/proc/self/stat', 'latin1').split(')').pop().trim().split(' ');
    return fields[2] === fields[5]; // pgrp and tpgid, proc_pid_stat(5)
  } catch {
    return false;
  }
}
const isOfTerminal = (signal) => ['SIGINT', 'SIGQUIT', 'SIGHUP'].includes(signal) && isForeground();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
  process.on(signal, () => isOfTerminal(signal) || child.kill(signal));
}

child.on('error', (error) => {
  console.error(`ganger: ${error.message}`);
  process.exit(126);
});
child.on('exit', (status, signal) => {
  if (signal === null) process.exit(status);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // This process ignores the signal, or it is blocked.
  setImmediate(() => process.exit(128 + constants.signals[signal]));
});
