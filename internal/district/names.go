package district

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Mark begins every value of an internal field (names of firms and people, addresses, free
// text; not credit codes, whose form is fixed) and occurs in no public one: what holds it must not leave the service.
const Mark = "※"

// townNames are real names of Rui'an, in the order of towns(); their borders here are invented.
func townNames() []string {
	return []string{
		"安阳街道", "锦湖街道", "莘塍街道", "汀田街道", "上望街道", "飞云街道", "仙降街道", "塘下镇",
		"马屿镇", "陶山镇", "湖岭镇", "高楼镇", "林川镇", "曹村镇", "平阳坑镇",
	}
}

// pick returns one of the words of a blank-separated list.
func pick(r *rand.Rand, words string) string {
	list := strings.Fields(words)
	return list[r.IntN(len(list))]
}

// villager makes names of villages that exist nowhere, none twice.
type villager struct {
	r    *rand.Rand
	used map[string]bool
}

func (v *villager) name(ends string) string {
	for {
		n := ""
		if v.r.IntN(3) == 0 {
			n = pick(v.r, "上 下 前 后 里 外 东 西")
		}
		n += pick(v.r, "栎 榭 砚 鹭 菱 槿 葭 荻 栀 芷 蓼 茭 椴 桦 楸 樟 柘 檀 笏 筠 缃 缇 鹳 鸬 鲈 鳐 砺 磐 璞 琅 瑭 榕 枇 莼 蕨 苔") +
			pick(v.r, "坪 垄 浜 矶 渚 湄 埕 埭 陂 圩 墩 磜 峤 湫 礐 堰 汊 沚") + pick(v.r, ends)
		if !v.used[n] {
			v.used[n] = true
			return n
		}
	}
}

// person makes a name of nobody.
func person(r *rand.Rand) string {
	return pick(r, "陈 林 黄 张 吴 周 金 戴 蔡 叶 项 池 缪 虞 钱 木") + pick(r, "砚 栎 槿 禾 筠 舟 汀 朔 栖 岫 澍 笙 峤 荻") +
		pick(r, "青 生 远 之 桐 川 禾 微 安 舟 白 石")
}

// people makes n names, marked as internal.
func people(r *rand.Rand, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = person(r)
	}
	return Mark + strings.Join(list, "、")
}

// firmName makes the name of a firm of a trade, marked as internal.
func firmName(r *rand.Rand, trade, form string) string {
	return Mark + pick(r, "栎榭 鹭砚 槿舟 荻川 蓼汀 椴石 楸远 柘林 檀溪 筠岫 缃禾 鹳峤 砺青 磐桐 璞白 莼湖 苔微 葭朔 菱生 桦安") +
		pick(r, "一 二 三 四 五 六 七 八 九 十 甲 乙 丙 丁 戊 己") + trade + form
}

// creditCode makes a code that passes both checks of GB 32100-2015: 91 or 92, the division
// 330381, an organisation code with its check digit (GB 11714), a check character.
func creditCode(r *rand.Rand, kind string) string {
	const alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	org := "MA"
	for range 6 {
		org += string(alphabet[r.IntN(len(alphabet))])
	}
	sum := 0
	for i, w := range []int{3, 7, 9, 10, 5, 8, 4, 2} {
		v := int(org[i] - '0')
		if org[i] >= 'A' {
			v = int(org[i]-'A') + 10
		}
		sum += v * w
	}
	code := kind + "330381" + org + string("0123456789X0"[11-sum%11])
	total, weight := 0, 1
	for i := range code {
		total += strings.IndexByte(alphabet, code[i]) * weight
		weight = weight * 3 % 31
	}
	return code + string(alphabet[(31-total%31)%31])
}

// address makes an address in a grid, marked as internal.
func address(r *rand.Rand, village string) string {
	road := pick(r, "砚池 鹭洲 槿花 荻港 蓼堤 椴树 楸荫 柘桥 檀香 筠溪")
	return fmt.Sprintf("%s%s%s路%d号", Mark, village, road, 1+r.IntN(300))
}
