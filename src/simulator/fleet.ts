import type { AccountKey } from '../accounts/account.ts'
import type { SimAccount } from './account.ts'
import type { GatewaySpec } from './options.ts'
import { hashOf, seededRandom, uuidOf } from './random.ts'

// North American area codes: with 555-01xx behind them they are numbers kept for fiction, 100 of each, which nobody owns.
const AREA_CODES =
  `201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252
 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323 325 330
 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435
 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541 551 559 561 562 563 567
 570 571 573 574 580 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620 623 626 630 631 636 641 646 650
 651 660 661 662 678 682 701 702 703 704 706 707 708 712 713 714 715 716 717 718 719 720 724 727 731 732 734 740 754 757 760 763
 765 770 772 773 774 775 781 785 786 801 802 803 804 805 806 808 810 812 813 814 815 816 817 818 828 830 831 832 843 845 847 848
 850 856 857 858 859 860 862 863 864 865 870 901 903 904 906 907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 931 936
 937 940 941 947 949 951 952 954 956 970 971 972 973 978 979 980 985 989`
    .trim()
    .split(/\s+/)

const TEAMS = ['sales', 'support', 'delivery', 'billing', 'booking'] as const
const CITIES = ['Dubai', 'Lisbon', 'Lagos', 'Lima', 'Osaka', 'Oslo', 'Paris', 'Pune', 'Quito', 'Riga', 'Sofia', 'Tunis']

/** E.164 digits of a number that nobody owns; different for every index below a hundred million. */
export function phoneOf(index: number, seed: number): string {
  const capacity = AREA_CODES.length * 100
  // Country code 999 is kept in reserve by the ITU: room beyond the fiction numbers.
  if (index >= capacity) return `999${String(index).padStart(9, '0')}`
  // A prime step visits every slot once, and neighbours look nothing alike.
  const slot = (index * 7919 + hashOf(`phones ${seed}`)) % capacity
  const areaCode = AREA_CODES[slot % AREA_CODES.length] ?? '212'
  return `1${areaCode}55501${String(Math.floor(slot / AREA_CODES.length)).padStart(2, '0')}`
}

/**
 * Builds the accounts of all gateways, the same for the same seed. Ids are `sales-01`, `support-01`, … over the whole fleet;
 * in the Cloud API an account's id is its phone number. Throws on a gateway or account named twice.
 */
export function buildFleet(specs: readonly GatewaySpec[], seed: number, startMs: number): SimAccount[] {
  const random = seededRandom(seed, 'fleet')
  const fleet: SimAccount[] = []
  const keys = new Set<string>()
  for (const spec of specs) {
    const ids = typeof spec.accounts === 'number' ? new Array<null>(spec.accounts).fill(null) : spec.accounts
    for (const given of ids) {
      const index = fleet.length
      const phone = phoneOf(index, seed)
      const account = given ?? (spec.dialect === 'cloud-api' ? phone : generatedId(index))
      const key: AccountKey = `${spec.name}/${account}`
      if (keys.has(key)) {
        throw new Error(
          `simulator: account "${account}" is twice in gateway "${spec.name}"; give every account its own id`,
        )
      }
      keys.add(key)
      fleet.push({
        key,
        account,
        gateway: spec.name,
        nativeId: spec.dialect === 'cloud-api' ? String(106_540_352_242_000 + index) : account,
        phone: given !== null && /^\d{7,15}$/.test(given) ? given : phone,
        name: displayName(index),
        token: uuidOf(`token ${seed} ${key}`),
        createdMs: startMs - 86_400_000 * (1 + Math.floor(random() * 300)),
        activityPeriodMs: 5_000 + Math.floor(random() * 40_000),
        activityPhaseMs: Math.floor(random() * 45_000),
        fault: null,
        repair: null,
        haltedMs: null,
        resumedMs: 0,
        restartRequests: 0,
        lastRestartMs: null,
      })
    }
  }
  return fleet
}

function generatedId(index: number): string {
  return `${TEAMS[index % TEAMS.length]}-${String(Math.floor(index / TEAMS.length) + 1).padStart(2, '0')}`
}

function displayName(index: number): string {
  const team = TEAMS[index % TEAMS.length] ?? 'sales'
  const city = CITIES[Math.floor(index / TEAMS.length) % CITIES.length]
  return `${team.charAt(0).toUpperCase()}${team.slice(1)} ${city}`
}
