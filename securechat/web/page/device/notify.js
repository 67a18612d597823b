/** Notifications of the system while the page is open; after the person has switched them on. */

/** Whether they may be shown, having asked. */
export const permit = async () =>
  "Notification" in self && (await Notification.requestPermission()) === "granted";

/** As text only. One for each conversation, the last one. */
export function notify(title, body, tag, clicked) {
  if (!("Notification" in self) || Notification.permission !== "granted") return;
  try {
    const shown = new Notification(title, { body: body.slice(0, 200), tag, icon: "favicon.ico" });
    shown.onclick = () => (self.focus(), shown.close(), clicked());
  } catch {
    // On phones only service workers may.
  }
}
