// Put into the page before its own code: says when nodes and previews are painted, counts frames, times an edit.
(() => {
  const wanted = Number("NUM_NODES");
  const bench = (window.__bench = { nodes: null, previews: null, edit: null });
  const all = () => [...document.querySelectorAll(".react-flow__node")];
  const isInView = (element) => {
    const edge = element.getBoundingClientRect();
    return edge.right > 0 && edge.bottom > 0 && edge.left < innerWidth && edge.top < innerHeight;
  };
  const hasPictures = (node) =>
    [...node.querySelectorAll("img")].filter(isInView).every((image) => image.complete && image.naturalWidth > 0);
  const isFresh = (node) => node.querySelector('[data-old="false"]') !== null && hasPictures(node);
  const afterPaint = (act) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = act;
    requestAnimationFrame(() => channel.port2.postMessage(null));
  };
  const when = (test, act) => {
    const look = () => (test() ? afterPaint(() => act(performance.now())) : requestAnimationFrame(look));
    requestAnimationFrame(look);
  };

  if (wanted > 0) {
    when(() => all().length === wanted, (now) => (bench.nodes = now));
    when(() => all().length === wanted && all().every(isFresh), (now) => (bench.previews = now));
  }
  bench.numFresh = () => all().filter(isFresh).length;
  bench.numNodes = () => all().length;
  bench.told = () =>
    all()
      .map((node) => `${node.dataset.id}: ${isFresh(node) ? "shown" : (node.getAttribute("aria-label") ?? "")}`)
      .join("; ") || document.body.innerText.slice(0, 500);
  bench.firstPaint = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null;
  bench.zoom = () => new DOMMatrix(getComputedStyle(document.querySelector(".react-flow__viewport")).transform).a;

  // Gaps between frames, in milliseconds.
  bench.count = () => {
    const times = [];
    let isOn = true;
    const next = (time) => {
      times.push(time);
      if (isOn) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
    bench.counted = () => {
      isOn = false;
      return times.slice(1).map((time, i) => time - times[i]);
    };
  };

  // From the key that commits an edit to the painted preview whose shape holds the new number.
  bench.awaitEdit = (id, text) => {
    bench.edit = null;
    const onKey = (event) => {
      if (event.key !== "Enter") return;
      removeEventListener("keydown", onKey, true);
      const start = performance.now();
      const node = () => document.querySelector(`.react-flow__node[data-id="${id}"]`);
      const isShown = () => node() !== null && node().textContent.includes(text) && isFresh(node());
      when(isShown, (now) => (bench.edit = now - start));
    };
    addEventListener("keydown", onKey, true);
  };
})();
