package node

import (
	"fmt"
	"slices"

	"github.com/edgetrust/edgetrust/cache"
)

// unnamed tells of territories that the configuration asks for and the list of lists
// does not name: there is no list that could show that it is missing.
func (n *Node) unnamed(lists []cache.Info) (lines []string) {
	for _, s := range n.opts.Config.Trust.Sources {
		for _, cc := range s.Territories {
			if loaded(lists, s.Name) && !names(lists, s.Name, cc) {
				lines = append(lines, fmt.Sprintf("list %s names no list for %s, which its territories ask for", s.Name, cc))
			}
		}
	}
	return lines
}

func loaded(lists []cache.Info, name string) bool {
	return slices.ContainsFunc(lists, func(in cache.Info) bool { return in.Source.Name == name && in.List != nil })
}

func names(lists []cache.Info, lotl, territory string) bool {
	return slices.ContainsFunc(lists, func(in cache.Info) bool {
		return in.Source.Parent == lotl && in.Source.Territory == territory
	})
}
