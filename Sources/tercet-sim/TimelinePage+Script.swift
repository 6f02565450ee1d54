extension TimelinePage {
  /// The page without its content.
  static let page = #"""
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <title>Tercet timeline</title>
    <style>
      :root { --line: #d5d9e0; --ink: #1f2733; --soft: #667085; --lead: #2563eb; --down: #e3e6eb; --bad: #c81e1e; --good: #15803d; }
      body { margin: 0; font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: #fff; }
      header { padding: 14px 20px 8px; border-bottom: 1px solid var(--line); }
      h1 { font-size: 18px; margin: 0 0 2px; }
      .kept { color: #15803d; } .broken { color: var(--bad); font-weight: 600; }
      #tools { display: flex; gap: 18px; align-items: center; padding: 8px 20px; flex-wrap: wrap; color: var(--soft); }
      #tools label { display: inline-flex; gap: 5px; align-items: center; }
      #scroll { overflow-x: auto; border-block: 1px solid var(--line); }
      svg { display: block; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
      .soft { fill: var(--soft) !important; } .befell { fill: var(--bad) !important; } .step { fill: var(--good) !important; }
      #lanes { position: sticky; left: 0; }
      table { border-collapse: collapse; margin: 14px 20px; font-size: 13px; }
      td { padding: 2px 12px 2px 0; vertical-align: top; border-bottom: 1px solid #f0f2f5; }
      td:first-child { font-variant-numeric: tabular-nums; color: var(--soft); text-align: right; cursor: pointer; }
      tr.befell td, tr.violation td { color: var(--bad); } tr.step td { color: var(--good); } tr.leads td { color: var(--lead); }
      .legend i { display: inline-block; width: 18px; height: 9px; margin-right: 5px; border-radius: 2px; }
    </style>
    <header><h1 id="title"></h1><div id="verdict"></div></header>
    <div id="tools">
      <label>zoom <input type="range" id="zoom" min="0" max="100" value="0"></label>
      <label><input type="checkbox" id="votes" checked> votes</label>
      <label><input type="checkbox" id="entries"> entries</label>
      <span class="legend"><i style="background:#2563eb"></i>leads</span>
      <span class="legend"><i style="background:#aebdd4"></i>runs</span>
      <span class="legend"><i style="background:#fff;outline:1px solid #c4c9d2"></i>down</span>
      <span class="legend"><i style="background:#f2c94c"></i>frozen</span>
      <span class="legend"><i style="background:#7c3aed"></i>vote</span>
      <span class="legend"><i style="background:#ea580c"></i>snapshot</span>
      <span class="legend"><i style="background:#0d9488"></i>entries</span>
      <span class="legend"><i style="background:repeating-linear-gradient(90deg,#7c3aed 0 3px,#fff 3px 6px)"></i>lost</span>
      <span class="legend"><i style="background:#94a3b8;width:4px"></i>does something</span>
      <span class="legend"><i style="background:#c81e1e"></i>fault, cut link, failed action, broken promise</span>
      <span class="legend"><i style="background:#15803d"></i>end of a fault, request</span>
      <span class="legend">▲ starts</span>
      <span class="legend">1 2 3: entries applied</span>
    </div>
    <div id="scroll"></div>
    <table id="list"></table>
    <script>
    const run = /*content*/null;
    const left = 110, lane = 96, svgNS = "http://www.w3.org/2000/svg";
    const byId = id => document.getElementById(id);
    byId("title").textContent = run.title;
    byId("verdict").textContent = run.verdict;
    byId("verdict").className = run.isBroken ? "broken" : "kept";

    function element(parent, name, attributes, title) {
      const made = document.createElementNS(svgNS, name);
      for (const key in attributes) made.setAttribute(key, attributes[key]);
      if (title) { const tip = document.createElementNS(svgNS, "title"); tip.textContent = title; made.append(tip); }
      parent.append(made);
      return made;
    }
    const seconds = time => (time / 1000).toFixed(3) + " s";

    // What a machine is, stretch by stretch: down, runs, leads, frozen.
    function stretches(machine) {
      const found = []; let state = "runs", since = 0, beneath = "runs";
      const turn = (time, next) => {
        if (next === state) return;
        found.push({state, since, until: time}); state = next; since = time;
      };
      for (const event of run.events) {
        const own = event.machine === machine;
        if (!own) continue;
        if (event.kind === "started") turn(event.time, "runs");
        if (event.kind === "ended" || event.kind === "halted") turn(event.time, "down");
        if (event.kind === "leads") turn(event.time, "leads");
        if (event.kind === "said" && state === "leads" && event.text.startsWith("term ")
            && !event.text.endsWith(": " + run.machines[machine].name + " leads")) turn(event.time, "runs");
        if (event.kind === "paused") { beneath = state; turn(event.time, "frozen"); }
        if (event.kind === "resumed") turn(event.time, beneath);
      }
      found.push({state, since, until: run.end});
      return found;
    }
    // When what a machine sends to another gets lost.
    function cuts(machine, other) {
      const found = []; let since = null;
      for (const event of run.events) {
        if (event.machine !== machine || event.other !== other) continue;
        if (event.kind === "cut" && since === null) since = event.time;
        if (event.kind === "mended" && since !== null) { found.push({since, until: event.time}); since = null; }
      }
      if (since !== null) found.push({since, until: run.end});
      return found;
    }
    const colours = {leads: "#2563eb", runs: "#aebdd4", down: "#ffffff", frozen: "#f2c94c"};

    const words = step => step.text.replace(/^(BEFALLS|step): /, "");

    // The beginning of the faults is what one looks at first.
    function draw() {
      const holder = byId("scroll");
      const wide = Math.max(700, window.innerWidth - left - 160);
      const scale = wide / run.end * Math.pow(200, byId("zoom").value / 100);
      const at = time => left + time * scale;
      const faults = run.events.filter(event => event.kind === "befell" || event.kind === "step");
      const rows = []; // labels of faults, so that none covers another
      for (const fault of faults) {
        const x = at(fault.time), text = words(fault);
        let row = rows.findIndex(end => end < x - 6);
        if (row < 0) { row = rows.length < 7 ? rows.length : 6; }
        rows[row] = x + text.length * 6.6 + 8;
        fault.row = row;
      }
      const top = 34 + Math.max(1, rows.length) * 16, height = top + run.machines.length * lane + 10;
      const width = at(run.end) + 150;
      holder.replaceChildren();
      const svg = document.createElementNS(svgNS, "svg");
      svg.setAttribute("width", width); svg.setAttribute("height", height);
      holder.append(svg);
      const step = [100, 200, 500, 1000, 2000, 5000, 10000, 20000, 60000].find(size => size * scale > 70) || 60000;
      for (let time = 0; time <= run.end; time += step) {
        element(svg, "line", {x1: at(time), x2: at(time), y1: 18, y2: height, stroke: "#eef0f4"});
        element(svg, "text", {x: at(time) + 3, y: 13, class: "soft"}).textContent = time / 1000 + " s";
      }
      const middle = machine => top + machine * lane + 30;
      run.machines.forEach((machine, index) => {
        const y = middle(index);
        if (index > 0 && machine.zone !== run.machines[index - 1].zone)
          element(svg, "line", {x1: 0, x2: width, y1: y - 40, y2: y - 40, stroke: "#d5d9e0"});
        for (const part of stretches(index)) {
          const box = {x: at(part.since), y: y - 9, width: Math.max(1, (part.until - part.since) * scale), height: 18,
            fill: colours[part.state]};
          if (part.state === "down") Object.assign(box, {stroke: "#c4c9d2", "stroke-dasharray": "3 3"});
          element(svg, "rect", box, `${machine.name} ${part.state}, ${seconds(part.since)} to ${seconds(part.until)}`);
        }
        run.machines.forEach((target, other) => {
          for (const part of cuts(index, other))
            element(svg, "rect", {x: at(part.since), y: y - 14 - 5 * (other < index ? other : other - 1), height: 3,
              width: Math.max(1, (part.until - part.since) * scale), fill: "#c81e1e", "fill-opacity": 0.65},
              `${machine.name} does not reach ${target.name}, ${seconds(part.since)} to ${seconds(part.until)}`);
        });
        let last = -100;
        const reign = time => {
          const part = stretches(index).find(part => part.state === "leads" && part.since === time);
          return part ? part.until - part.since : 0;
        };
        for (const event of run.events) {
          if (event.machine !== index) continue;
          const x = at(event.time);
          if (event.kind === "started")
            element(svg, "text", {x: x - 5, y: y - 10}, `${seconds(event.time)} starts`).textContent = "▲";
          if (event.kind === "leads" && reign(event.time) * scale > 48)
            element(svg, "text", {x: x + 3, y: y + 4, fill: "#fff", style: "fill:#fff"}).textContent = event.text.replace("leads ", "");
          if (event.kind === "applied" && x - last > 46) {
            last = x;
            element(svg, "text", {x, y: y + 24, class: "soft"}).textContent = event.text.replace("has applied ", "");
          }
          if (event.kind === "acts" || event.kind === "failed")
            element(svg, "rect", {x, y: y + 30, width: 2, height: event.kind === "failed" ? 12 : 8,
              fill: event.kind === "failed" ? "#c81e1e" : "#94a3b8"}, `${seconds(event.time)} ${event.text}`);
        }
      });
      const shown = {vote: byId("votes").checked, snapshot: byId("votes").checked, refusal: byId("entries").checked,
        entries: byId("entries").checked};
      const ink = {vote: "#7c3aed", snapshot: "#ea580c", refusal: "#c81e1e", entries: "#0d9488"};
      for (const message of run.messages) {
        if (!shown[message.kind]) continue;
        const lost = message.arrives === undefined;
        const down = message.to > message.from, y1 = middle(message.from) + (down ? 10 : -10);
        const y2 = middle(message.to) + (down ? -10 : 10);
        element(svg, "line", {x1: at(message.sent), y1, x2: at(lost ? message.sent : message.arrives),
          y2: lost ? y1 + (y2 - y1) * 0.25 : y2, stroke: ink[message.kind], "stroke-width": 1.2,
          "stroke-opacity": lost ? 0.4 : 0.7, "stroke-dasharray": lost ? "2 2" : "none"},
          `${seconds(message.sent)} ${run.machines[message.from].name} to ${run.machines[message.to].name}${lost ? " (lost)" : ""}: ${message.text}`);
      }
      for (const fault of faults) {
        const x = at(fault.time), y = 30 + fault.row * 16;
        element(svg, "line", {x1: x, x2: x, y1: y, y2: height, stroke: fault.kind === "step" ? "#15803d" : "#c81e1e",
          "stroke-opacity": 0.22});
        element(svg, "text", {x: x + 2, y, class: fault.kind}, seconds(fault.time)).textContent = words(fault);
      }
      for (const event of run.events) if (event.kind === "violation")
        element(svg, "rect", {x: at(event.time) - 2, y: 18, width: 4, height, fill: "#c81e1e"}, event.text);
      // The names stay in sight.
      const names = element(svg, "g", {id: "names"});
      element(names, "rect", {x: 0, y: 18, width: left - 8, height, fill: "#fff", "fill-opacity": 0.92});
      run.machines.forEach((machine, index) => {
        element(names, "text", {x: 20, y: middle(index) - 1, "font-weight": 600, style: "font-weight:600"}).textContent = machine.name;
        element(names, "text", {x: 20, y: middle(index) + 14, class: "soft"}).textContent = "zone " + machine.zone;
      });
      holder.onscroll = () => names.setAttribute("transform", `translate(${holder.scrollLeft} 0)`);
      holder.onscroll();
      draw.at = at;
    }
    draw();
    byId("zoom").oninput = () => {
      const holder = byId("scroll"), share = (holder.scrollLeft + holder.clientWidth / 2) / holder.scrollWidth;
      draw();
      holder.scrollLeft = share * holder.scrollWidth - holder.clientWidth / 2;
    };
    byId("votes").onchange = byId("entries").onchange = window.onresize = draw;

    const listed = run.events.filter(event => !["applied", "acts", "cut", "mended"].includes(event.kind)
      && !(event.kind === "acted" && event.text.startsWith("done: purge"))
      && !(event.kind === "asked"));
    for (const event of listed) {
      const row = byId("list").insertRow();
      row.className = event.kind;
      row.insertCell().textContent = seconds(event.time);
      row.cells[0].onclick = () => { byId("scroll").scrollLeft = draw.at(event.time) - 400; scrollTo(0, 0); };
      row.insertCell().textContent = event.machine === undefined ? "" : run.machines[event.machine].name;
      row.insertCell().textContent = event.text;
    }
    </script>
    </html>
    """#
}
