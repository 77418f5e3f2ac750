// Small things that every view of the console does with the page.

/** @param {string} id @returns {HTMLElement} */
export const at = (id) => document.getElementById(id);

/** A copy of what is in a `<template>`, made for this document: `<use>` of another one is never let go. @param {string} id @returns {HTMLElement} */
export function copyOf(id) {
  return document.importNode(at(id).content.firstElementChild, true);
}

/** An element with properties and children. @param {string} tag */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** What is written already is not written again: nothing is laid out or read aloud for it. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setData(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** @param {string} text @param {number} most characters */
export function shorten(text, most) {
  const chars = Array.from(text.slice(0, most * 2 + 2));
  return chars.length > most ? `${chars.slice(0, most).join("")}…` : text;
}

/**
 * Wraps what draws so that it runs once in the next animation frame, however often it is asked for.
 * @param {() => void} draw @returns {() => void}
 */
export function oncePerFrame(draw) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  };
}

const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether things may move. */
export const mayMove = () => !stillness.matches;
