/** The servers of a MongoDB connection string, as people may see them. */
export function mongoHosts(uri: string): string {
  return /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^@/?]+)(?![^/?]*@)/.exec(uri)?.[1] ?? 'an unreadable address'
}

/** A text without the connection string, its user and its password: the driver's messages may quote what it was given. */
export function withoutCredentials(text: string, uri: string): string {
  const userInfo = /\/\/([^/?]*)@/.exec(uri)?.[1] ?? ''
  const hidden = [uri, userInfo, userInfo.slice(userInfo.indexOf(':') + 1)].filter((secret) => secret !== '')
  return hidden.reduce((shown, secret) => shown.replaceAll(secret, '<hidden>'), text)
}
