// Package node is one node as a value: New wires the rooms below from Options,
// Start opens the listeners and begins to follow the lists, Stop drains.
//
// This is the map of the house. Two paths cross it, and nothing goes round them.
//
// An update: an origin (cache/origin), another node (gossip/transfer), an operator (POST
// /v1/publish), a local file or the disk yields bytes; cache.Store.Admit is the only way
// in: bounds, identity, parse, signature, times, sequence; then they are made durable
// (cache/disk), a new immutable View is swapped in, and the other nodes are told of the
// reference (gossip), by which they fetch the bytes for their own Admit. cluster.go joins
// the two, spread.go is the store as the cluster sees it.
//
// A request: a listener (node/serve) hands it to node/api, which decodes and bounds
// it, takes the View once, calls verify.Verifier.Verify and encodes the Result with
// its basis. No outbound call is made on this path: what it looked for in vain is
// followed at a later turn (statuslists.go), unless the operator has it fetched at once.
//
// The rooms:
//
//	cmd/edgenode     the daemon: flags and file become Options
//	cmd/edgectl      the operator's tool
//	node             wiring, this package
//	node/config      the file format
//	node/api         public HTTP handlers, on net/http only
//	node/serve       the public listeners: HTTP/3, HTTP/2 and HTTP/1.1 on one port
//	node/admin       the private listener: health, metrics, refresh, publish, acts on lists
//	node/client      a client of both listeners
//	node/dev         the demonstration: three nodes with an ecosystem beside them
//	cache            Store, Admit and View; the cache of built certificate chains
//	cache/artefact   names of the things that are kept
//	cache/disk       the folder that outlives the process
//	cache/origin     fetching on a schedule, from public addresses
//	cache/cachetest  a publisher that misbehaves on request
//	verify           the order of checks, policies, results
//	verify/sdjwt     SD-JWT VC
//	verify/mdoc      ISO mdoc
//	verify/statuslist  Token Status List, identifier list
//	verify/crl       certificate revocation lists
//	verify/trustlist the common model of lists; etsitl, lote, vical and bundle read the
//	                 formats
//	verify/dcql      the query language
//	verify/internal  the strict subsets of JOSE, COSE, JSON, CBOR, X.509 and XML
//	                 signatures
//	verify/reason    the vocabulary of refusals
//	verify/verifytest  an ecosystem in memory: issuers, wallets, lists
//	gossip           the spread of references among nodes: Core is a state machine without
//	                 I/O, Cluster carries it on memberlist and on connections
//	gossip/identity  a node's certificate, and who is of its cluster
//	gossip/socket    memberlist's packets and connections, and what they may cost
//	gossip/transfer  how bodies travel: by digest, over HTTP/3 or HTTP/2
//	gossip/gossiptest  a network in memory that loses, delays and parts
//	bench            the simulator of that spread
//	deploy           example configurations, each loaded by a test
//
// Imports point one way; imports_test.go holds the table with a reason per row.
package node
