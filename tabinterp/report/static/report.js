/* Sorting, copying and filtering. The report is complete without any of it. */
(() => {
  "use strict";
  const words = document.body.dataset;

  /* Numbers are printed with a minus sign; programs expect a hyphen. */
  const hyphens = (value) => value.replace(/\u2212(?=[\d.])/g, "-");

  /* The same number as programs write it, whatever the language's decimal sign and grouping are. */
  const plain = (value) => hyphens(value).split(words.group).join("").split(words.decimal).join(".");

  const leading = (cell) => {
    const found = /^[<]?[+-]?\d*\.?\d+(e[+-]?\d+)?/.exec(plain(cell.textContent.trim()));
    return found ? parseFloat(found[0].replace("<", "")) : NaN;
  };

  const compare = (index, sign) => (first, second) => {
    const a = first.cells[index], b = second.cells[index];
    const x = leading(a), y = leading(b);
    if (Number.isNaN(x) && Number.isNaN(y)) return sign * a.textContent.localeCompare(b.textContent);
    if (Number.isNaN(x)) return 1;
    if (Number.isNaN(y)) return -1;
    return sign * (x - y);
  };

  const sort = (table, header) => {
    const up = header.getAttribute("aria-sort") === "descending";
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort(compare(header.cellIndex, up ? 1 : -1)));
  };

  const sortable = (table) => {
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.title = words.sort;
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.append(button);
      header.setAttribute("aria-sort", "none");
    }
  };

  /* A name that begins like a formula must not become one in a spreadsheet. */
  const field = (cell) => {
    let value = cell.title && cell.title !== words.sort ? cell.title : cell.textContent.trim();
    if (cell.tagName === "TD") value = hyphens(value);
    if (/^[=@\t\r]/.test(value) || (/^[+-]/.test(value) && Number.isNaN(leading({ textContent: value })))) {
      value = `'${value}`;
    }
    return /[",\n\r]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value;
  };

  const csv = (table) => [...table.rows].map((row) => [...row.cells].map(field).join(",")).join("\r\n");

  const copy = async (value) => {
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      const area = document.createElement("textarea");
      area.value = value;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };

  const copyable = (table) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = words.copy;
    button.addEventListener("click", async () => {
      await copy(csv(table));
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; }, 2000);
    });
    table.closest(".scroll").after(button);
  };

  const filterable = (section) => {
    const items = [...section.querySelectorAll(":scope > .findings > li")];
    const severities = [...new Set(items.map((item) => item.dataset.severity))];
    if (severities.length < 2) return;
    const label = document.createElement("label");
    label.className = "filter";
    const select = document.createElement("select");
    select.append(new Option(words.every, ""));
    for (const severity of severities) {
      const badge = section.querySelector(`li[data-severity="${severity}"] .badge`);
      select.append(new Option(badge.textContent.trim().split(/\s+/).pop(), severity));
    }
    select.addEventListener("change", () => {
      for (const item of items) item.hidden = select.value !== "" && item.dataset.severity !== select.value;
    });
    label.append(`${words.filter} `, select);
    section.querySelector("h3").after(label);
  };

  /* Browsers that do not unfold by the style sheet alone. */
  const unfoldForPrint = () => {
    let folded = [];
    addEventListener("beforeprint", () => {
      folded = [...document.querySelectorAll("details:not([open])")];
      for (const part of folded) part.open = true;
    });
    addEventListener("afterprint", () => {
      for (const part of folded) part.open = false;
    });
  };

  /* The list of sections closes once one was chosen, and with Escape. */
  const closable = (list, wide) => {
    list.addEventListener("click", (event) => { if (event.target.closest("a") && !wide.matches) list.open = false; });
    list.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !list.open || wide.matches) return;
      list.open = false;
      list.querySelector("summary").focus();
    });
  };

  /* A card takes the whole width while its table is unfolded, and may move. */
  const keepInView = (summary) => {
    summary.addEventListener("click", () => requestAnimationFrame(() => summary.scrollIntoView({ block: "nearest" })));
  };

  /* A table that goes on beyond the edge says so. */
  const wider = new ResizeObserver((entries) => {
    for (const { target } of entries) target.classList.toggle("more", target.scrollWidth > target.clientWidth + 1);
  });

  /* Where there is room for a column the contents are always open; the chapter in view is marked. */
  const follow = (list) => {
    const links = [...list.querySelectorAll("a")].filter((link) => document.getElementById(link.hash.slice(1)));
    const targets = links.map((link) => document.getElementById(link.hash.slice(1)));
    const current = list.querySelector(".current");
    const mark = () => {
      if (!links.length) return;
      const passed = targets.findLastIndex((target) => target.getBoundingClientRect().top < innerHeight / 3);
      links.forEach((link, index) => {
        if (index === Math.max(passed, 0)) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
      current.textContent = links[Math.max(passed, 0)].firstChild.textContent.trim();
    };
    addEventListener("scroll", mark, { passive: true });
    mark();
    const wide = matchMedia("(min-width: 68.75rem)");
    const fit = () => { list.open = wide.matches; };
    wide.addEventListener("change", fit);
    fit();
    return wide;
  };

  /* A link to something that is folded unfolds it. */
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    const inner = target.querySelector(":scope > details");
    if (inner) inner.open = true;
    target.scrollIntoView();
  };

  unfoldForPrint();
  const list = document.querySelector("nav details");
  const wide = follow(list);
  closable(list, wide);
  addEventListener("hashchange", unfold);
  unfold();
  document.querySelectorAll(".panels figure > details > summary").forEach(keepInView);
  document.querySelectorAll(".scroll").forEach((region) => wider.observe(region));
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("table:not(.plain)").forEach(copyable);
  filterable(document.getElementById("findings"));
})();
