/** An invite in the address of the page. */

/** The code of an invite in a link: `#invite=CODE`, a whole `securechat://…`, or the code alone. */
export function inviteIn(text) {
  const link = /(?:invite=|securechat:\/\/[^/]+\/)([\w-]{8,64})/i.exec(text);
  return link ? link[1] : text.trim();
}

/** Take it out at once: an address is seen by others, and stays in the browser's history. "" for none. */
export function takeInvite() {
  const { hash, pathname, search } = location;
  if (!/^#(invite=|securechat:)/i.test(hash)) return "";
  history.replaceState(history.state, "", pathname + search);
  return inviteIn(hash);
}
