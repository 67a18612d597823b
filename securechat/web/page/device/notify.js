/** Notifications of the system while the page is open; after the person has switched them on. */

/** Whether they may be shown, having asked. */
export const permit = async () =>
  "Notification" in self && (await Notification.requestPermission()) === "granted";

/** By their tags. */
const shown = new Map();

/** As text only. One for each conversation, the last one. */
export function notify(title, body, tag, clicked) {
  if (!("Notification" in self) || Notification.permission !== "granted") return;
  try {
    const one = new Notification(title, { body: body.slice(0, 200), tag, icon: "favicon.ico" });
    one.onclick = () => (self.focus(), one.close(), clicked());
    shown.set(tag, one);
  } catch {
    // On phones only service workers may.
  }
}

/** Take away those that are still there. */
export function hush() {
  for (const one of shown.values()) one.close();
  shown.clear();
}
