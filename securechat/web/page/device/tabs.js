/** The other tabs of this page: what they tell, and what those that are gone have left. */

const channel = "BroadcastChannel" in self ? new BroadcastChannel("securechat") : null;

/** By this a tab's entries in the outbox are known to be its own. */
export const tab = String(Math.random()).slice(2);

/** Held as long as the tab lives, so that others see which tabs are gone. */
navigator.locks?.request("tab " + tab, () => new Promise(() => {})).catch(() => {});

export const tell = (what, value) => channel?.postMessage({ what, value });
export function onTold(take) {
  if (channel) channel.onmessage = ({ data }) => take(data.what, data.value);
}

/** Take over what nobody looks after any more; one tab at a time. take(isGone) does it. */
export async function adopt(take) {
  const some = async () => {
    const { held = [] } = await navigator.locks.query();
    const alive = new Set(held.map(({ name }) => name));
    await take((owner) => !alive.has("tab " + owner));
  };
  // Without locks, or where they are refused, two tabs may send the same: it is stored once.
  await (navigator.locks?.request("adopt", some) ?? Promise.reject()).catch(() => take(() => true));
}
