/** Something under way that a signal breaks off. */
export interface Abortable {
  abort(): void
}

/** What is under way, by the signal that breaks it off. */
export interface AbortGroups {
  add(signal: AbortSignal, member: Abortable): void
  delete(signal: AbortSignal, member: Abortable): void
  /** Listens to nothing any more. */
  close(): void
}

/**
 * Listens once per signal for all that it breaks off: adding a listener walks all listeners that are there, which for
 * 10 000 checks under way at once costs more than the checks themselves. Of the signals that break nothing off now, only
 * the one that did last is listened to: the next check comes with it again.
 */
export function abortGroups(): AbortGroups {
  interface Group {
    readonly members: Set<Abortable>
    readonly listener: () => void
  }
  const groups = new Map<AbortSignal, Group>()
  let idle: AbortSignal | null = null

  function leave(signal: AbortSignal): void {
    const group = groups.get(signal)
    if (group === undefined || group.members.size > 0) return
    signal.removeEventListener('abort', group.listener)
    groups.delete(signal)
  }

  function join(signal: AbortSignal): Group {
    const members = new Set<Abortable>()
    const listener = () => {
      for (const member of members) member.abort()
    }
    signal.addEventListener('abort', listener)
    const group = { members, listener }
    groups.set(signal, group)
    return group
  }

  return {
    add(signal, member) {
      const { members } = groups.get(signal) ?? join(signal)
      members.add(member)
    },
    delete(signal, member) {
      const members = groups.get(signal)?.members
      if (members?.delete(member) !== true || members.size > 0 || idle === signal) return
      if (idle !== null) leave(idle)
      idle = signal
    },
    close() {
      for (const [signal, { listener }] of groups) signal.removeEventListener('abort', listener)
      groups.clear()
    },
  }
}
