(() => {
  const root = document.documentElement;
  const show = (language) => {
    root.dataset.lang = language;
    root.lang = language;
    for (const button of document.querySelectorAll("nav button")) {
      button.setAttribute("aria-pressed", String(button.dataset.to === language));
    }
  };
  for (const button of document.querySelectorAll("nav button")) {
    button.addEventListener("click", () => show(button.dataset.to));
  }
  const asked = new URLSearchParams(location.search).get("lang");
  show(asked === "zh" || asked === "en" ? asked : navigator.language.startsWith("zh") ? "zh" : "en");
})();
