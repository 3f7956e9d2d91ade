package gossiptest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// stockNode spreads what it hears with memberlist's own queue, as most who use it do.
type stockNode struct {
	queue *memberlist.TransmitLimitedQueue
	list  *memberlist.Memberlist

	mu    sync.Mutex
	heard map[uint64]time.Time
}

// stockNews is one update in a node's queue. It stands for nothing older.
type stockNews []byte

func (n stockNews) Invalidates(memberlist.Broadcast) bool { return false }
func (n stockNews) Message() []byte                       { return n }
func (n stockNews) Finished()                             {}

func (s *stockNode) NodeMeta(int) []byte           { return nil }
func (s *stockNode) LocalState(bool) []byte        { return nil }
func (s *stockNode) MergeRemoteState([]byte, bool) {}

func (s *stockNode) NotifyMsg(b []byte) {
	if len(b) >= 8 {
		s.hear(slices.Clone(b))
	}
}

func (s *stockNode) GetBroadcasts(overhead, limit int) [][]byte {
	return s.queue.GetBroadcasts(overhead, limit)
}

// hear takes note of an update, and passes it on the first time.
func (s *stockNode) hear(b []byte) {
	n := binary.BigEndian.Uint64(b)
	s.mu.Lock()
	_, known := s.heard[n]
	if !known {
		s.heard[n] = time.Now()
	}
	s.mu.Unlock()
	if !known {
		s.queue.QueueBroadcast(stockNews(b))
	}
}

// at is when it heard an update; false: it has not.
func (s *stockNode) at(n uint64) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.heard[n]
	return t, ok
}

// stockSize is that of an update: an announcement.
const stockSize = 300

// StockSpread has n nodes of memberlist, with its settings for a LAN untouched, spread
// updates one after the other with memberlist's own queue over a network of such
// conditions. It returns how long each update took to be heard by the last node, and how
// many nodes did not hear one within half a minute. It is to be called in a synctest
// bubble: it takes some seconds of virtual time for each update.
func StockSpread(n int, seed uint64, c Conditions, updates int) (last []time.Duration, missed int, err error) {
	quiet := c
	quiet.Loss, quiet.CallLoss = 0, 0
	network := NewNetwork(seed, quiet) // until all know one another
	rnd := rand.New(rand.NewPCG(seed, 11))
	var nodes []*stockNode
	defer func() {
		for _, s := range nodes {
			_ = s.list.Shutdown()
		}
		time.Sleep(time.Minute)
	}()
	for i := range n {
		s := &stockNode{heard: make(map[uint64]time.Time)}
		config := memberlist.DefaultLANConfig()
		config.Name, config.Delegate = fmt.Sprintf("node-%d", i), s
		config.SecretKey, config.EnableCompression = bytes.Repeat([]byte{7}, 32), false
		config.Logger = log.New(io.Discard, "", 0)
		config.Transport = network.Listen(fmt.Sprintf("10.1.%d.%d", i/250, i%250+1), GossipPort)
		s.queue = &memberlist.TransmitLimitedQueue{NumNodes: func() int { return n }, RetransmitMult: config.RetransmitMult}
		if s.list, err = memberlist.Create(config); err != nil {
			return nil, 0, err
		}
		nodes = append(nodes, s)
		if i > 0 {
			if _, err := s.list.Join([]string{nodes[0].list.LocalNode().Address()}); err != nil {
				return nil, 0, err
			}
		}
	}
	for began := time.Now(); slices.ContainsFunc(nodes, func(s *stockNode) bool { return s.list.NumMembers() < n }); {
		if time.Since(began) > 5*time.Minute {
			return nil, 0, fmt.Errorf("%d nodes do not know one another after five minutes", n)
		}
		time.Sleep(time.Second)
	}
	network.Set(c)
	for u := range uint64(updates) {
		news := make([]byte, stockSize)
		binary.BigEndian.PutUint64(news, u)
		began := time.Now()
		nodes[rnd.IntN(n)].hear(news)
		var took time.Duration
		open := nodes
		for len(open) > 0 && time.Since(began) < 30*time.Second {
			time.Sleep(5 * time.Millisecond)
			var rest []*stockNode
			for _, s := range open {
				if at, ok := s.at(u); ok {
					took = max(took, at.Sub(began))
				} else {
					rest = append(rest, s)
				}
			}
			open = rest
		}
		last, missed = append(last, took), missed+len(open)
		time.Sleep(2 * time.Second)
	}
	return last, missed, nil
}
