/*
 * Names written as one word: `salesorderheader`. Many engines fold names to one case, and what was camelCase becomes a
 * word that nobody would type from its middle. Such a word is taken apart where all of it is words that names of tables and
 * columns are made of; a word that is not made of them stays whole, so that no ordinary word is cut.
 *
 * The list is of words as data modellers use them, in the singular; plurals are made from it.
 */
const VOCABULARY = `
  access account action active activity actor actual addition additional address adjustment agent aggregate agreement album
  alert alias allocation amount annual answer api app application appointment approval archive area array article artist asset
  asset assignment attachment attempt attendance attribute audit author authorization availability average backup balance
  band bank base batch begin benefit bid bill billing birth block board bonus book booking box branch brand browser
  budget buffer bug build building business buyer cache calendar call campaign cancel candidate capacity card carrier cart case
  cash catalog category cause cell center certificate chain change channel charge chart chat check child city claim class
  click client clock close cloud code collection color column comment commission commodity company competitor complaint
  component condition config configuration connection consent contact container content contract contractor control
  conversion cost count counter country county coupon course credit creator crew criteria culture currency current
  customer cycle daily data database date datetime day deal debit default defect degree delete delivery demand
  demographic department deposit description design destination detail device diagnosis diagram dimension disabled discount
  display distance district document domain download draft driver due duration duty education effective email
  embedding employee employment end energy engine entity entry enabled environment equipment error estimate event exam example
  exception exchange expense expiry export extension external extra fact factory failure family fax feature fee feedback
  field file film filter finance finish first fiscal flag fleet flight flow folder forecast form format freight
  frequency from full function fund gateway gender general genre gift global goal grade grant gross group guest
  guide hash head header health hierarchy hire history holiday home hotel hour house icon identity illustration image import
  incident income index individual industry info information ingredient initial input inspection installation instance
  instruction insurance integration interaction interest internal interval inventory investment invoice item job journal
  key kind label language last lead leave ledger legal length lesson letter level license limit line link list listing
  load loan local location lock log login logistic lookup loss machine mail main maintenance manager manual
  manufacturer map mapping margin market marketing master match material measure measurement media medicine meeting
  member membership memo menu merchant message metadata meter method metric middle milestone mode model module
  money monitor month monthly movie name nation national net network news next node note notice notification
  number object occupation offer office online operation operator opportunity option order organization origin original
  outbound inbound outlet output overtime owner package page parameter parent part participant partner party pass password
  path patient pay payee payer payment payroll penalty percent performance period permission person personal phone
  photo picture pin plan planned plant platform play player playlist point policy port portal position post postal preference
  premium prescription present previous price pricing primary printer priority privilege problem procedure process
  producer product production profile profit program progress project promotion property proposal province provider
  publication publisher purchase purpose quality quantity quarter query question queue quota quote range rank rate rating
  ratio raw reason receipt receiver recipe recipient record recovery refund region register registration relation
  release reminder rent rental repair replacement reply report reporting request requirement resource response result
  resume retail return revenue review revision reward right risk role room root route routing row rule run
  salary sale sample schedule school scope score scrap screen script search season seat second section sector
  security segment seller sender sensor sequence serial server service session setting setup severity shape share shelf
  shift ship shipment shipping shop shopping short sign signature site size skill slot snapshot source space special
  specification sport staff stage standard start state statement station statistic status step stock stop storage store
  stream street student study style subcategory subject submission subscriber subscription summary supplier supply support
  survey symbol sync system table tag target task tax teacher team technician template tenant term territory test text
  theme ticket time timestamp title token total track tracking trade traffic training transaction transfer transport travel
  treatment trial trip truck type unit update upload usage user username vacation valid validation value variable
  vehicle vendor version video view visit visitor volume voucher wage warehouse warning warranty week weekly weight
  wholesale window withdrawal word work worker workflow workshop year yearly zone
  approved assembly back balance big bin bom brands carrier education employer entity finished flow forecasts frame front
  goods human instructions large lead level low machine magazine major marital materials max maximum min minimum minor
  new old pct per point qty reorder reward safety sell shelf ship sick spatial square feet foot stamp sub subtotal sum
  tele telephone thumb thumbnail top ytd web
`;

/** Words that join others, and marks of views and tables in front of a name; never the whole of a part list. */
const JOINING = ['and', 'by', 'for', 'in', 'of', 'on', 'per', 'to', 'with', 'id', 'no', 'is', 'has'];
const LEADING = ['v', 'vw', 't', 'tbl', 'dim', 'fact', 'stg', 'ods', 'dwd', 'dws', 'ads', 'tmp'];

/** Shorter words are hardly ever two. */
const SHORTEST = 6;
/** Longer ones are no names. */
const LONGEST = 64;

const SINGLE = VOCABULARY.split(/\s+/).filter((word) => word !== '');
const KNOWN = new Set([...SINGLE, ...SINGLE.flatMap(pluralsOf)]);
const PIECES = new Set([...KNOWN, ...JOINING]);
const LONGEST_PIECE = Math.max(...[...PIECES].map((piece) => piece.length));

/**
 * The words that a lower-case word is written of, in order, or undefined where it is one word or not made of known ones.
 * Of several ways the one with the fewest words: `salesorder` is sales and order, not sale, s, order.
 */
export function partsOf(word: string): string[] | undefined {
  if (word.length < SHORTEST || word.length > LONGEST || KNOWN.has(word)) return undefined;
  const whole = split(word);
  if (whole !== undefined) return whole.length > 1 ? whole : undefined;
  for (const lead of LEADING) {
    const rest = word.startsWith(lead) ? split(word.slice(lead.length)) : undefined;
    if (rest !== undefined && (rest.length > 1 || KNOWN.has(rest[0] as string))) return [lead, ...rest];
  }
  return undefined;
}

function split(word: string): string[] | undefined {
  // best[end] is the shortest way to write the first `end` letters.
  const best: (string[] | undefined)[] = [[]];
  for (let end = 1; end <= word.length; end += 1)
    for (let start = Math.max(0, end - LONGEST_PIECE); start < end; start += 1) {
      const before = best[start];
      if (before === undefined || before.length + 1 >= (best[end]?.length ?? Number.POSITIVE_INFINITY)) continue;
      const piece = word.slice(start, end);
      if (PIECES.has(piece)) best[end] = [...before, piece];
    }
  return best[word.length];
}

function pluralsOf(word: string): string[] {
  if (/[^aeiou]y$/.test(word)) return [`${word.slice(0, -1)}ies`];
  return /(s|x|ch|sh)$/.test(word) ? [`${word}es`] : [`${word}s`];
}
