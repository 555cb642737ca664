const { user = '', role = '', signedIn = '', version = '', features = '' } = document.body.dataset

/** What the server wrote into the page. */
export const FACTS = {
  user,
  mayOperate: role === 'operate',
  isSignedIn: signedIn === 'true',
  version,
  features: new Set(features.split(' ')),
} as const
