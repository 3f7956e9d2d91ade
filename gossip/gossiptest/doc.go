// Package gossiptest is a network in memory, and clusters that live in it. Packets have
// latency, get lost, come twice or out of order; hosts are cut off from one another, in
// one direction or both. It waits with package time alone and opens no socket, so that
// it runs in the virtual time of testing/synctest.
//
// Transport carries memberlist over it, Reach the connections between members, and World
// puts whole members together whose Store holds bodies that say of themselves whether
// they are good. What is random is seeded; what goroutines run first is not, so a run is
// not repeated exactly: assert bounds.
package gossiptest
