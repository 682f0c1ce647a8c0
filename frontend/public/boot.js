// Runs before the first paint: the colours that were chosen, so that nothing flashes; and a plain
// word if the app has not drawn itself after twenty seconds.
(function () {
  var told = /[#&]theme=(dark|light|system)/.exec(location.hash);
  var theme = told ? told[1] : null;
  try {
    // A reload has no words behind the `#` any more.
    if (theme) localStorage.setItem("theme", theme);
    else theme = localStorage.getItem("theme");
  } catch (_error) {
    // No storage: after a reload the page begins dark, for a moment.
  }
  if (theme === "system") {
    theme = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  }
  if (theme !== "light") theme = "dark"; // people look at pictures here
  document.documentElement.dataset.theme = theme;

  setTimeout(function () {
    var root = document.getElementById("root");
    if (root && root.childElementCount === 0) location.replace("/did-not-start");
  }, 20000);
})();
