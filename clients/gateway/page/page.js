const $ = (id) => document.getElementById(id);
const text = (tag, content, className) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = content;
  return node;
};
const api = async (method, path, body) => {
  const response = await fetch(path, {
    method,
    headers: body ? { "content-type": "application/json" } : {},
    body: body && JSON.stringify(body),
  });
  const data = await response.json().catch(() => ({}));
  if (response.status === 401) throw Object.assign(new Error("signed out"), { signedOut: true });
  if (!response.ok) throw new Error(data.error?.message ?? `the gateway answered ${response.status}`);
  return data;
};
const marks = { waiting: "·", running: "▸", succeeded: "✓", failed: "✗", skipped: "–" };
const states = {
  planning: "planning",
  running: "at work",
  succeeded: "done",
  failed: "failed",
  cancelled: "cancelled",
  awaiting_answer: "asks you something",
  awaiting_approval: "waits for an approval",
};
const ended = ["succeeded", "failed", "cancelled"];
let shown = null;
let stream = null;

function showSignIn(why) {
  $("sign-in").hidden = false;
  $("desk").hidden = true;
  $("sign-out").hidden = true;
  if (why) $("sign-in-why").textContent = why;
}

function problem(error) {
  if (error.signedOut) return showSignIn("Your session is over. Open a new sign-in link.");
  $("live").hidden = false;
  $("headline").replaceChildren(text("strong", error.message), text("span", "not done", "state failed"));
}

function number(value) {
  if (typeof value !== "number") return String(value ?? "");
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
}

function table(head, rows) {
  const box = text("div", "", "scroll");
  const made = document.createElement("table");
  const top = made.createTHead().insertRow();
  for (const name of head) top.append(text("th", name));
  const body = made.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const cell of row) {
      if (cell instanceof Node) line.insertCell().append(cell);
      else
        line.append(text("td", typeof cell === "number" ? number(cell) : cell, typeof cell === "number" ? "num" : ""));
    }
  }
  box.append(made);
  return box;
}

function bar(share) {
  const node = text("span", "", "bar");
  node.style.width = `${Math.max(1, Math.round(share * 160))}px`;
  return node;
}

/** A line of the answer; the marks of what it rests on stand back. */
function cited(line) {
  const node = document.createElement("p");
  for (const part of line.split(/( \[[\w-]+\])/)) node.append(/^ \[/.test(part) ? text("span", part, "cite") : part);
  return node;
}

function renderAnswer(view) {
  const box = $("answer");
  box.replaceChildren();
  box.hidden = !view.answer && !view.error;
  if (view.error) box.append(text("h2", view.error.message), text("p", `code: ${view.error.code}`, "muted"));
  const { answer } = view;
  if (!answer) return;
  for (const line of answer.text.split("\n").filter(Boolean)) box.append(cited(line));
  const { model, predictions, deployment, monitoring } = answer;
  if (model) {
    box.append(text("h3", `Model ${model.name}, version ${model.version} (${model.algorithm})`));
    box.append(
      table(
        ["metric", "hold-out", "95 % interval", "baseline"],
        Object.entries(model.metrics).map(([key, value]) => [
          key,
          value,
          model.intervals[key] ? `${number(model.intervals[key][0])} – ${number(model.intervals[key][1])}` : "",
          model.baseline[key] === undefined ? "" : model.baseline[key],
        ]),
      ),
    );
    box.append(text("h3", "What the prediction is associated with"));
    box.append(
      table(
        ["column", "share", ""],
        model.features.slice(0, 12).map((one) => [one.name, one.importance, bar(one.importance)]),
      ),
    );
    const metric = answer.problem?.metric ?? Object.keys(model.metrics)[0];
    box.append(text("h3", "Candidates"));
    box.append(
      table(
        ["algorithm", `cross-validated ${metric}`, "seconds", ""],
        model.candidates.map((one) => [
          one.algorithm,
          one.cv[metric] ? `${number(one.cv[metric].mean)} ± ${number(one.cv[metric].se)}` : "",
          one.seconds,
          one.chosen ? `chosen: ${one.reason}` : one.reason,
        ]),
      ),
    );
    if (model.dropped.length) {
      const more = document.createElement("details");
      more.append(
        text("summary", `${model.dropped.length} columns and features left out`),
        table(
          ["name", "why", "number"],
          model.dropped.map((one) => [one.name, one.reason, one.number ?? ""]),
        ),
      );
      box.append(more);
    }
  }
  const facts = [];
  if (deployment) facts.push(["endpoint", deployment.url]);
  if (predictions) facts.push(["scores", `${predictions.dataset}, ${number(predictions.rows)} rows`]);
  if (monitoring)
    facts.push(["drift check", `${monitoring.schedule}, next ${new Date(monitoring.nextRun).toLocaleString()}`]);
  if (answer.cost)
    facts.push([
      "cost",
      `${number(answer.cost.actualUsd)} USD (estimated ${number(answer.cost.estimatedUsd)}), ${number(answer.cost.seconds)} s`,
    ]);
  if (answer.drift) facts.push(["drift", `${answer.drift.verdict}: ${answer.drift.reason}`]);
  if (facts.length) box.append(text("h3", "Where it stands"), table(["", ""], facts));
  if (view.assumptions.length) {
    box.append(text("h3", "Assumptions"));
    const list = document.createElement("ul");
    for (const one of view.assumptions) list.append(text("li", one));
    box.append(list);
  }
  if (answer.output !== undefined && !model) {
    const more = document.createElement("details");
    more.append(text("summary", "The whole output"), text("pre", JSON.stringify(answer.output, null, 2)));
    box.append(more);
  }
}

function render(view) {
  shown = view;
  $("live").hidden = false;
  $("headline").replaceChildren(
    text("strong", view.text),
    text("span", states[view.status] ?? view.status, `state ${view.status}`),
  );
  const steps = view.plan.map((step) => {
    const line = text("li", "", step.status);
    line.append(
      text("span", marks[step.status], "mark"),
      text("span", step.tool, "tool"),
      text(
        "span",
        step.error?.message ?? (step.status === "running" ? (step.note ?? "…") : (step.verdict ?? step.because)),
        "verdict",
      ),
      text(
        "span",
        step.elapsedMs === null
          ? ""
          : step.elapsedMs < 1000
            ? `${step.elapsedMs} ms`
            : `${(step.elapsedMs / 1000).toFixed(1)} s`,
        "ms",
      ),
    );
    line.title = step.because;
    return line;
  });
  $("plan").replaceChildren(...steps);
  $("plan-box").hidden = steps.length === 0;
  if (ended.includes(view.status) && !$("plan-box").dataset.touched) $("plan-box").open = view.status !== "succeeded";
  $("cancel").hidden = ended.includes(view.status);
  $("reply").hidden = !view.question;
  if (view.question) {
    $("question").textContent = view.question.text;
    $("candidates").replaceChildren(
      ...view.question.candidates.map((one) => {
        const button = text("button", one, "quiet");
        button.type = "button";
        button.onclick = () => answerQuestion(one);
        return button;
      }),
    );
  }
  $("approval").hidden = !view.approval;
  if (view.approval)
    $("approval-what").textContent =
      `${view.approval.what}. Why: ${view.approval.why}. Who may say yes: ${view.approval.role}.`;
  renderAnswer(view);
}

async function follow(id) {
  stream?.close();
  const refresh = async () => {
    const view = await api("GET", `/v1/requests/${id}`);
    if (shown && shown.id !== id) return;
    render(view);
    if (ended.includes(view.status)) {
      stream?.close();
      past();
    }
  };
  shown = null;
  $("plan-box").open = true;
  await refresh();
  let due = false;
  stream = new EventSource(`/v1/requests/${id}/events`);
  for (const name of ["status", "step", "approval", "question", "answer"])
    stream.addEventListener(name, () => {
      if (due) return;
      due = true;
      setTimeout(() => {
        due = false;
        refresh().catch(problem);
      }, 80);
    });
}

async function answerQuestion(reply) {
  try {
    await api("POST", `/v1/requests/${shown.id}/answer`, { text: reply });
    await follow(shown.id);
  } catch (error) {
    problem(error);
  }
}

async function past() {
  const { requests } = await api("GET", "/v1/requests?limit=10");
  $("past").replaceChildren(
    ...requests.map((one) => {
      const line = document.createElement("li");
      const open = text("button", one.text);
      open.onclick = () => follow(one.id).catch(problem);
      line.append(open, text("span", states[one.status] ?? one.status, `state ${one.status}`));
      return line;
    }),
  );
  if (requests.length === 0) $("past").replaceChildren(text("li", "None yet.", "muted"));
}

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const { id } = await api("POST", "/v1/requests", { text: $("text").value });
    $("text").value = "";
    await follow(id);
    await past();
  } catch (error) {
    problem(error);
  }
});
$("reply").addEventListener("submit", (event) => {
  event.preventDefault();
  answerQuestion($("reply-text").value);
});
for (const decision of ["approve", "reject"])
  $(decision).addEventListener("click", async () => {
    try {
      render(await api("POST", `/v1/requests/${shown.id}/${decision}`, { approval: shown.approval.id }));
      await follow(shown.id);
    } catch (error) {
      problem(error);
    }
  });
$("cancel").addEventListener("click", () => api("POST", `/v1/requests/${shown.id}/cancel`).then(render).catch(problem));
$("plan-box").addEventListener("click", () => {
  $("plan-box").dataset.touched = "1";
});
$("sign-out").addEventListener("click", () => api("POST", "/v1/sign-out").then(() => showSignIn()));

api("GET", "/v1/requests?limit=10").then(
  async ({ requests }) => {
    $("desk").hidden = false;
    $("sign-out").hidden = false;
    await past();
    if (requests[0]) await follow(requests[0].id);
  },
  (error) =>
    error.signedOut
      ? showSignIn(
          new URLSearchParams(location.search).get("signin") === "used"
            ? "That link was used or is too old."
            : undefined,
        )
      : problem(error),
);
