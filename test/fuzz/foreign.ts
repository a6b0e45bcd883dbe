/**
 * Supergraphs of other houses, by name: each a subgraph's SDL by subgraph. Together they hold what Credit Graph's own
 * does not use: interface objects, required fields with arguments, provided, overridden and shareable fields, several
 * keys, value types, unions.
 *
 * The planner (0.0.38) cannot plan two shapes, and refuses them, so they are left out: an entity's field that requires
 * another, met again below an entity fetch of the same type to the same subgraph; and required fields behind a key that
 * itself takes a hop. Nor does one representation hold a field with two arguments: no two fields of one subgraph
 * require the same field with different ones.
 */
export const foreignGraphs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  shop: {
    stock: `
      type Query {
        items(ids: [ID!] = ["1", "2"]): [Item!] any: [Any] nodes: [Node!]! matrix: [[Item]]
        me: Item @provides(fields: "title")
        box(label: String = "x"): Box sure: Item!
        file(id: ID!): File @shareable files(n: Int): [File!] @shareable shelves: [[File]] @shareable
      }
      type Mutation { setStock(value: Int!): Item drop(box: BoxInput): Box }
      input BoxInput { label: String = "none" sizes: [Int!] inner: BoxInput }
      interface Node { id: ID! }
      union Any = Item | Box
      enum Unit { MM CM M }
      type Item implements Node @key(fields: "id") {
        id: ID! w(unit: Unit = CM): Int h: Int! next: Item title: String @external tags: [String!] depth: Float
      }
      type Box implements Node @key(fields: "id") { id: ID! label: String item: Item items: [Item!]! w: String }
      type File @key(fields: "id") { id: ID! isKnown: Boolean stock: Section }
      type Section @shareable { rows: [Row!] head: Row }
      type Row @shareable { n: Int s: String }
    `,
    catalogue: `
      type Query { file(id: ID!): File @shareable files(n: Int): [File!] @shareable shelves: [[File]] @shareable }
      type Mutation { setTitle(value: String!): Item }
      enum Unit { MM CM M }
      type File @key(fields: "id") { id: ID! catalogue: String section: Section }
      type Section @shareable { rows: [Row!] head: Row }
      type Row @shareable { n: Int s: String }
      type Item @key(fields: "id") {
        id: ID! title: String @shareable w(unit: Unit = CM): Int @external h: Int! @external
        area: Int @requires(fields: "w(unit: M) h") width(unit: Unit!): Int @requires(fields: "w(unit: M)")
      }
      type Box @key(fields: "id") {
        id: ID! size: String item: Item @external label: String @external
        wide: String @requires(fields: "label item { id h }")
      }
    `,
    prices: `
      type Query { file(id: ID!): File @shareable files(n: Int): [File!] @shareable cheapest: Item }
      type File @key(fields: "id") { id: ID! prices: [Float!] }
      type Item @key(fields: "id") {
        id: ID! area: Int @external price(currency: String = "CNY"): Float @requires(fields: "area")
        taxed: Boolean!
      }
      type Box @key(fields: "id") { id: ID! cost(k: Int): String boxes(first: Int!): [Box] }
    `,
    links: `
      type Item @key(fields: "id") { id: ID! related(first: Int): [Item!] boxed: Any }
      type Box @key(fields: "id") { id: ID! }
      union Any = Item | Box
    `,
  },
  media: {
    library: `
      type Query { media: [Media!] medium(id: ID!): Media books: [Book] anything: [Thing!] }
      interface Media @key(fields: "id") { id: ID! title: String! year: Int }
      type Book implements Media @key(fields: "id") { id: ID! title: String! year: Int pages: Int author: Person }
      type Film implements Media @key(fields: "id") { id: ID! title: String! year: Int minutes: Int director: Person! }
      type Song implements Media @key(fields: "id") { id: ID! title: String! year: Int singers: [Person!] }
      union Thing = Book | Person
      type Person @key(fields: "id") { id: ID! name: String best: Media }
    `,
    reviews: `
      type Query { topRated(first: Int = 3): [Media] lastReview: Review }
      type Media @key(fields: "id") @interfaceObject {
        id: ID! reviews(first: Int): [Review!] score: Int!
      }
      type Review { id: ID! text: String stars: Int! of: Media by: Person }
      type Person @key(fields: "id") { id: ID! reviews: [Review] }
    `,
    shelves: `
      type Query { shelf(n: Int!): Shelf }
      type Shelf { n: Int! media: [Media!]! first: Media }
      type Media @key(fields: "id") @interfaceObject { id: ID! shelf: Shelf loans: Int }
    `,
    ranks: `
      type Query { best: Media }
      type Media @key(fields: "id") @interfaceObject {
        id: ID! year: Int @external rank: String @requires(fields: "year")
      }
    `,
  },
  parts: {
    register: `
      type Query { parts: [Part!] part(id: ID!): Part owner: Owner lookup: Result search(filter: Filter): [Result!]! }
      type Mutation { add(input: Filter!): Part! remove(id: ID!): Result }
      input Filter { text: String kinds: [Kind!] = [SCREW] id: ID max: Float not: Filter }
      enum Kind { SCREW NUT BOLT }
      union Result = Part | Problem | Owner
      type Problem @shareable { reason: String code: Int }
      type Part @key(fields: "id") {
        id: ID! sku: String @shareable name: String kind: Kind weight: Float @shareable size: Size @shareable
        maker: Owner
      }
      type Size @shareable { w: Int h: Int unit: Unit }
      type Unit @shareable { name: String! short: String }
      type Owner @key(fields: "org { id } number") { org: Org number: Int! since: String parts(first: Int): [Part] }
      type Org @key(fields: "id") { id: ID! }
    `,
    warehouse: `
      type Query { bySku(sku: String!): Part problem: Problem @shareable }
      type Problem @shareable { reason: String code: Int }
      type Part @key(fields: "id") @key(fields: "sku") {
        id: ID! sku: String weight: Float @shareable size: Size @shareable count: Int
        old: String @override(from: "legacy") places: [Place!]
      }
      type Size @shareable { w: Int h: Int unit: Unit }
      type Unit @shareable { name: String! short: String }
      type Place { row: Int shelf: String! part: Part }
    `,
    prices: `
      type Query { problem: Problem @shareable }
      type Problem @shareable { reason: String code: Int }
      type Part @key(fields: "sku") {
        sku: String price(currency: String! = "EUR"): Float offers: [Offer]
      }
      type Offer { by: Owner amount: Int! }
      type Owner @key(fields: "org { id } number") { org: Org number: Int! rating: Int }
      type Org @key(fields: "id") { id: ID! name: String parent: Org }
    `,
    transport: `
      type Part @key(fields: "id") {
        id: ID! weight: Float @external size: Size @external
        freight(to: String): Float @requires(fields: "weight")
        box: String @requires(fields: "size { w h unit { name } }")
      }
      type Size { w: Int @external h: Int @external unit: Unit @external }
      type Unit { name: String! @external }
    `,
    legacy: `
      type Query { olds: [Part!] }
      type Part @key(fields: "id") { id: ID! old: String older: String }
    `,
  },
};
