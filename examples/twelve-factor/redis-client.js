// Factor IV: as much of a Redis client as api.js needs. Answers of one line only (+, -, and :).
"use strict";

const net = require("node:net");

class Redis {
  constructor(url) {
    const { hostname, port, password, pathname } = new URL(url);
    this.address = { host: hostname, port: Number(port || 6379) };
    this.greeting = [];
    if (password) this.greeting.push(["AUTH", decodeURIComponent(password)]);
    if (pathname.length > 1) this.greeting.push(["SELECT", pathname.slice(1)]);
  }

  // Resolves to the answer; rejects when Redis refuses, does not answer, or hangs up.
  call(...words) {
    if (!this.socket) {
      this.connect();
      for (const command of this.greeting) this.send(command).catch(() => {});
    }
    return this.send(words);
  }

  connect() {
    const socket = net.connect(this.address);
    const waiting = [];
    let text = "";
    socket.setTimeout(5000, () => waiting.length && socket.destroy());
    socket.on("data", (data) => {
      const lines = (text + data).split("\r\n");
      text = lines.pop();
      for (const line of lines) {
        const { resolve, reject } = waiting.shift();
        if (line[0] === "-") reject(new Error(line.slice(1)));
        else resolve(line[0] === ":" ? Number(line.slice(1)) : line.slice(1));
      }
    });
    socket.on("error", () => {});
    // The next call connects anew: a resource may come and go.
    socket.on("close", () => {
      if (this.socket === socket) this.socket = undefined;
      for (const { reject } of waiting) reject(new Error("Redis does not answer"));
    });
    socket.on("end", () => socket.destroy());
    Object.assign(this, { socket, waiting });
  }

  send(words) {
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.socket.write(`*${words.length}\r\n${parts.join("")}`);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  close() {
    this.socket?.destroy();
  }
}

module.exports = { Redis };
