package node

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// namespaces is a network whose nodes each have a namespace of their own, joined by a
// bridge in the namespace that the test runs in. What becomes of their packets is said
// with nftables.
type namespaces struct {
	t    testing.TB
	six  bool // IPv6 alone
	made map[int]bool
}

const inNamespaceEnv = "EDGETRUST_TEST_NETNS"

// inNamespace says whether the test runs in a network namespace of its own. If not it is
// run again in one, and the caller has nothing more to do.
func inNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(inNamespaceEnv) != "" {
		return true
	}
	if testing.Short() {
		t.Skip("network namespaces show nothing that loopback does not, under the race detector")
	}
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	for _, tool := range []string{"unshare", "ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed (Debian: util-linux, iproute2, nftables)", tool)
		}
	}
	if out, err := exec.Command("unshare", "-n", "sh", "-c", "ip link set lo up && ip link add t0 type bridge && nft list ruleset").CombinedOutput(); err != nil {
		t.Skipf("this machine makes no network namespaces: %v %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "-n", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v", "-test.timeout", "20m")
	cmd.Env = append(os.Environ(), inNamespaceEnv+"=1")
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "=== ") {
			t.Log(line)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return false
}

// newNamespaces lays the network; six: over IPv6 alone.
func newNamespaces(t testing.TB, six bool) *namespaces {
	t.Helper()
	n := &namespaces{t: t, six: six, made: make(map[int]bool)}
	n.run("ip", "link", "set", "lo", "up")
	n.run("ip", "link", "add", "br0", "type", "bridge")
	n.address("br0", -1)
	n.run("ip", "link", "set", "br0", "up")
	return n
}

func (n *namespaces) run(command ...string) {
	n.t.Helper()
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
}

// address gives a link its address.
func (n *namespaces) address(link string, i int, in ...string) {
	n.t.Helper()
	command := append(in, "ip", "addr", "add", n.host(i)+"/24", "dev", link)
	if n.six {
		command = append(in, "ip", "-6", "addr", "add", n.host(i)+"/64", "dev", link, "nodad")
	}
	n.run(command...)
}

// host is the address of a node; of -1, the bridge, where the origin is.
func (n *namespaces) host(i int) string {
	if n.six {
		return fmt.Sprintf("fd77::%x", 0x10+i)
	}
	return fmt.Sprintf("10.77.0.%d", 10+i)
}

func (n *namespaces) ports() (gossip, transfer int) { return 7946, 7947 }

// wrap runs a node's process in its namespace, which is made when it is first needed.
func (n *namespaces) wrap(i int) []string {
	n.t.Helper()
	name := fmt.Sprintf("edgetrust-%d-%d", os.Getpid(), i)
	inside := []string{"ip", "netns", "exec", name}
	if n.made[i] {
		return inside
	}
	n.made[i] = true
	n.run("ip", "netns", "add", name)
	n.t.Cleanup(func() { n.run("ip", "netns", "del", name) })
	link := fmt.Sprint("v", i)
	n.run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
	n.run("ip", "link", "set", link, "master", "br0", "up")
	n.run(append(inside, "ip", "link", "set", "lo", "up")...)
	n.address("eth0", i, inside...)
	n.run(append(inside, "ip", "link", "set", "eth0", "up")...)
	return inside
}

// rules replaces what a node's namespace does with packets: statements for those that
// come in, and for those that go out. None: everything passes.
func (n *namespaces) rules(i int, in, out []string) {
	n.t.Helper()
	chain := func(hook string, rules []string) string {
		return fmt.Sprintf("  chain %s {\n    type filter hook %s priority 0; policy accept;\n    %s\n  }\n", hook, hook, strings.Join(rules, "\n    "))
	}
	text := "flush ruleset\ntable inet lab {\n" + chain("input", in) + chain("output", out) + "}\n"
	command := append(n.wrap(i), "nft", "-f", "-")
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v\n%s", text, err, out)
	}
}

// dropFrom are rules that drop all packets from those nodes, or to them.
func (n *namespaces) dropFrom(nodes []int) (in, out []string) {
	family := "ip"
	if n.six {
		family = "ip6"
	}
	for _, i := range nodes {
		in = append(in, fmt.Sprintf("%s saddr %s drop", family, n.host(i)))
		out = append(out, fmt.Sprintf("%s daddr %s drop", family, n.host(i)))
	}
	return in, out
}
