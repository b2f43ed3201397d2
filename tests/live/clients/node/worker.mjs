// A worker as the client's manual shows it: waits in a long poll, is handed one task, reads, completes with variables.
//
// Standard input has the address, the credentials and the request that starts the instance; the last line of
// standard output says what the worker saw.

import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BasicAuthInterceptor, Client, File, Variables } from "camunda-external-task-client-js";

const { url, username, password, topic, start } = JSON.parse(readFileSync(0, "utf8"));
const client = new Client({
  baseUrl: url,
  workerId: "node",
  maxTasks: 1,
  interval: 50,
  asyncResponseTimeout: 20_000,
  interceptors: new BasicAuthInterceptor({ username, password }),
});

async function shown(variable) {
  const { type, value } = variable;
  if (value instanceof File) {
    const { filename, mimeType, encoding, content } = await value.load();
    return [type, filename, mimeType, encoding, content.toString("utf8")];
  }
  return [type, value instanceof Date ? value.toISOString() : value];
}

async function work({ task, taskService }) {
  const seen = {};
  for (const [name, variable] of Object.entries(task.variables.getAllTyped())) {
    seen[name] = await shown(variable);
  }
  await taskService.extendLock(task, 120_000);
  const path = join(tmpdir(), `receipt-${process.pid}.txt`);
  writeFileSync(path, "bezahlt ✓");
  const set = new Variables()
    .set("count", 2 ** 40)
    .set("when", new Date(1767225600250))
    .set("order", { id: 2 })
    .set("by", "node")
    .set("text", null)
    .set("receipt", await new File({ localPath: path, filename: "receipt ä.txt", mimetype: "text/plain", encoding: "UTF-8" }).load());
  await taskService.complete(task, set);
  return seen;
}

const done = new Promise((resolve, reject) => {
  client.subscribe(topic, { lockDuration: 60_000 }, (given) => work(given).then(resolve, reject));
  client.on("poll:error", reject);
});
const answer = await fetch(`${url}/process-definition/key/clientFlow/start`, {
  method: "POST",
  headers: {
    Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify(start),
});
if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
const { id } = await answer.json();
console.log(JSON.stringify({ instance: id, seen: await done }));
process.exit(0); // the client's last long poll would go on
