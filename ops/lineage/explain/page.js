"use strict";
// Shows one of the two languages, which are both in the file; without this script both are shown.
function show(language) {
  document.documentElement.lang = language;
  document.documentElement.dataset.shown = language;
  document.title = document.querySelector(`h1 .${language}`).textContent;
  for (const one of document.querySelectorAll("[data-language]")) one.setAttribute("aria-pressed", String(one.dataset.language === language));
}

function first() {
  const asked = /(?:^#|&)lang=(en|hi)\b/.exec(location.hash);
  return asked ? asked[1] : document.body.dataset.first;
}

for (const one of document.querySelectorAll("[data-language]")) one.addEventListener("click", () => show(one.dataset.language));
show(first());
