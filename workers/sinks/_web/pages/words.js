// The pages' language: English or Chinese, as the browser wants it or the visitor has chosen.

const KEPT = "stereoring-language";

function kept() {
  try { return localStorage.getItem(KEPT); } catch { return null; }   // storage may be forbidden
}

export let language = kept() || (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

// Puts words[language][name] into every element with data-text="name", and calls `said` when that has changed.
export function speak(words, button, said = () => {}) {
  const say = () => {
    document.documentElement.lang = language;
    button.textContent = language === "zh" ? "English" : "中文";
    button.lang = language === "zh" ? "en" : "zh";
    for (const element of document.querySelectorAll("[data-text]")) {
      element.textContent = words[language][element.dataset.text];
    }
    said();
  };
  button.onclick = () => {
    language = language === "zh" ? "en" : "zh";
    try { localStorage.setItem(KEPT, language); } catch { /* it lasts as long as the page */ }
    say();
  };
  say();
}
