package disk_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/edgetrust/edgetrust/cache/disk"
)

// workerEnv names the folder in which a second process of this program works.
const workerEnv = "EDGETRUST_TEST_DATA_DIR"

// work commits version after version of two lists, prints each that is
// acknowledged, and never ends by itself.
func work(dir string) error {
	s, c, err := disk.Open(dir, nil)
	if err != nil {
		return err
	}
	version := 0
	if len(c.Records) > 0 {
		version, err = strconv.Atoi(string(c.Records[0].State))
	}
	for err == nil {
		version++
		v := fmt.Sprint(version)
		err = s.Commit([]disk.Record{record("a", kept{v, long("a" + v)}), record("b", kept{v, long("b" + v)})})
		if err == nil {
			fmt.Println(version)
		}
	}
	return err
}

// A process is killed again and again, at any moment of its work. Its lock goes
// with it, and what it acknowledged is there, or newer.
func TestKill(t *testing.T) {
	if dir := os.Getenv(workerEnv); dir != "" {
		t.Fatal(work(dir))
	}
	dir := filepath.Join(t.TempDir(), "data")
	kills := 15
	if os.Getenv("EDGETRUST_LONG") != "" {
		kills = 300
	}
	last := 0
	for kill := range kills {
		worker := exec.Command(os.Args[0], "-test.run=^TestKill$")
		worker.Env = append(os.Environ(), workerEnv+"="+dir)
		out, err := worker.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := worker.Start(); err != nil {
			t.Skipf("cannot run this program a second time: %v", err)
		}
		lines := bufio.NewScanner(out)
		for range 1 + rand.IntN(10) {
			lines.Scan()
		}
		if kill == 0 {
			wantRefused(t, dir, "in use by another node")
		}
		if err := worker.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for more := true; more; more = lines.Scan() { // what it still had to say
			if last, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatalf("the worker says %q", lines.Text())
			}
		}
		_ = worker.Wait() // "killed"
		found, reports := survivors(t, dir, nil)
		for _, key := range []string{"a", "b"} {
			version, _ := strconv.Atoi(found[key].state)
			if found[key].body != long(key+found[key].state) || version != last && version != last+1 || reports != "" {
				t.Errorf("list %s: version %d, after %d was acknowledged; %s", key, version, last, reports)
			}
		}
	}
	t.Logf("%d versions, %d kills", last, kills)
}
