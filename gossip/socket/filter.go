package socket

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
)

const (
	headerUDP = 8 // bytes before the packet's, as a filter sees it

	// headerIP is where a filter finds the header before that one: SKF_NET_OFF of
	// filter.h.
	headerIP = 1<<32 - 0x100000
)

// loose has the kernel drop what cannot be a packet of a member's by its length and
// version, before this process is woken for it: of random bytes, 255 packets in 256.
// Where there are no such filters, opens does as much. The kernel counts what it drops
// with what nobody fetched in time.
func loose() []bpf.Instruction {
	return append(unfit(), pass)
}

// strict has the kernel do so, and drop all but one in sampled of what comes from
// addresses other than these, which are at most maxSent and maxHeard.
func strict(known []netip.AddrPort, by uint32) []bpf.Instruction {
	four, six := folded(by, 12), folded(by, 8, 12, 16, 20) // where the source address stands
	p := append(unfit(),
		bpf.LoadAbsolute{Off: headerIP, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: 0x60, SkipTrue: uint8(len(four)) + 1})
	p = append(p, four...)
	p = append(p, bpf.Jump{Skip: uint32(len(six))})
	p = append(p, six...)
	// The source port comes first in the header of UDP.
	p = append(p, fold(by, bpf.LoadAbsolute{Off: 0, Size: 2})...)
	// In chunks, since no jump of this kind is longer than 255.
	for some := range slices.Chunk(known, 128) {
		for i, a := range some {
			p = append(p, bpf.JumpIf{Cond: bpf.JumpEqual, Val: number(a, by), SkipTrue: uint8(len(some) - i)})
		}
		p = append(p, bpf.Jump{Skip: 1}, pass)
	}
	return append(p,
		bpf.LoadExtension{Num: bpf.ExtRand},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: sampled - 1, SkipTrue: 1},
		pass, drop)
}

var pass, drop = bpf.RetConstant{Val: headerUDP + maxPacket}, bpf.RetConstant{Val: 0}

// unfit drops by length and version, and goes on with the rest.
func unfit() []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtLen},
		bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: headerUDP + maxPacket, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpLessOrEqual, Val: headerUDP + overhead, SkipTrue: 2},
		bpf.LoadAbsolute{Off: headerUDP, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: version, SkipTrue: 1},
		drop,
	}
}

// number is what an address and port come to in a filter. Who does not know the odd
// number by can hardly choose an address that comes to the same as another.
func number(a netip.AddrPort, by uint32) uint32 {
	n := uint32(0)
	for word := range slices.Chunk(a.Addr().AsSlice(), 4) {
		n = (n^n>>16)*by ^ binary.BigEndian.Uint32(word)
	}
	return (n^n>>16)*by ^ uint32(a.Port())
}

// folded takes the words at these places of the header into a number, from the first on.
func folded(by uint32, places ...uint32) []bpf.Instruction {
	p := []bpf.Instruction{bpf.LoadConstant{Val: 0}, bpf.StoreScratch{Src: bpf.RegA}}
	for _, off := range places {
		p = append(p, fold(by, bpf.LoadAbsolute{Off: headerIP + off, Size: 4})...)
	}
	return p
}

// fold takes what is loaded into the number, which it leaves in the scratch memory and in
// the accumulator.
func fold(by uint32, load bpf.LoadAbsolute) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadScratch{Dst: bpf.RegA},
		bpf.TAX{},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16},
		bpf.ALUOpX{Op: bpf.ALUOpXor},
		bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: by},
		bpf.StoreScratch{Src: bpf.RegA},
		load,
		bpf.TAX{},
		bpf.LoadScratch{Dst: bpf.RegA},
		bpf.ALUOpX{Op: bpf.ALUOpXor},
		bpf.StoreScratch{Src: bpf.RegA},
	}
}
